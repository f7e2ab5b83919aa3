"""``/docs``: one page without anything from elsewhere that lists the API and lets one try it."""

from __future__ import annotations

import html
import json
from typing import Any

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><link rel="icon" href="data:,">
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.1rem; margin-top: 2rem; }}
code, textarea, pre {{ font: 14px/1.4 ui-monospace, monospace; }}
textarea {{ width: 100%; height: 12rem; box-sizing: border-box; }}
pre {{ background: #f3f3f3; padding: 1rem; overflow: auto; white-space: pre-wrap; }}
table {{ border-collapse: collapse; width: 100%; }} th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ccc; }}
button, input, select {{ font: inherit; padding: .3rem .6rem; max-width: 100%; box-sizing: border-box; }}
.fields {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: .8rem; }}
.fields label {{ display: flex; flex-direction: column; }} .fields small {{ color: #555; }}
.decision {{ font-size: 1.3rem; font-weight: 600; }}
.bar {{ display: inline-block; height: .8rem; background: #2a6fb0; }} .less {{ background: #b0562a; }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
@media (prefers-color-scheme: dark) {{
  body {{ color: #eee; background: #111; }} pre {{ background: #222; }} .fields small {{ color: #aaa; }}
  a {{ color: #8cf; }} th, td {{ border-color: #444; }}
}}
</style></head><body>
<h1>{title}</h1>
<p>The prediction service. Its description for programs: <a href="openapi.json">openapi.json</a>.</p>
<h2>Try it</h2>
<p>The row is made up. An empty field is a missing value.</p>
<form id="row"><div class="fields">{fields}</div>
<p><label><input type="checkbox" id="explain" checked> with reasons</label>
<label><input type="checkbox" id="dry_run" checked> as a trial: nothing is logged</label></p>
<p><button id="send" type="submit">Decide</button></p></form>
<div id="answer" aria-live="polite">The answer stands here.</div>
<details><summary>As JSON</summary>
<p><label for="request">Sent to <code>POST /predict</code></label></p>
<textarea id="request" spellcheck="false" readonly>{example}</textarea>
<pre id="raw"></pre></details>
<h2>What it answers</h2>
<table><thead><tr><th scope="col">Request</th><th scope="col">Does</th></tr></thead><tbody>{paths}</tbody></table>
<h2>What a row must bring</h2>
<table><thead><tr><th scope="col">Column</th><th scope="col">What it is</th><th scope="col">Must be there</th></tr></thead>
<tbody>{columns}</tbody></table>
<script>
const byId = (id) => document.getElementById(id);
const round = (value) => typeof value === "number" ? +value.toPrecision(6) : value;
const shown = (value) => Array.isArray(value) ? value.map(round).join(", ") : value === null ? "not told" : String(round(value));
function add(parent, tag, text, kind) {{
  const made = parent.appendChild(document.createElement(tag));
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}}
function cell(field) {{
  if (field.value === "") return null;
  if (field.dataset.kind === "boolean") return field.value === "true";
  const number = field.dataset.kind === "number" || (field.dataset.kind === "either" && /^-?[0-9]+$/.test(field.value));
  return number && Number.isFinite(+field.value) ? +field.value : field.value;
}}
function request() {{
  const row = {{}};
  for (const field of byId("row").querySelectorAll("[name]")) {{
    const value = cell(field);
    if (value !== null || field.dataset.required) row[field.name] = value;
  }}
  return {{ rows: [row], explain: byId("explain").checked, dry_run: byId("dry_run").checked }};
}}
function tellReasons(place, reasons) {{
  const table = add(place, "table"), head = add(add(table, "thead"), "tr"), body = add(table, "tbody");
  for (const name of ["Column", "adds", ""]) add(head, "th", name);
  const size = (it) => Math.max(...[it.adds].flat().map(Math.abs)), most = Math.max(...reasons.contributions.map(size), 1e-300);
  for (const it of reasons.contributions) {{
    const line = add(body, "tr");
    add(line, "td", it.column);
    add(line, "td", shown(it.adds), "number");
    const bar = add(add(line, "td"), "span", undefined, it.adds < 0 ? "bar less" : "bar");
    bar.style.width = 12 * size(it) / most + "rem";
  }}
  const calibrated = reasons.calibrated === false ? ", before it is calibrated" : "";
  add(place, "p", "In " + reasons.scale + calibrated + ", from " + shown(reasons.base) + ", by " + reasons.method + ".");
}}
function tell(status, body) {{
  const place = byId("answer");
  place.replaceChildren();
  byId("raw").textContent = status + " " + JSON.stringify(body, null, 2);
  if (status !== 200) {{
    add(place, "p", status + ": " + (body.detail || body.title || "The request was refused."));
    for (const it of body.errors || []) add(place, "p", it.column + ": found " + it.found + ", expected " + it.expected);
    return;
  }}
  const one = body.predictions[0];
  add(place, "p", "cluster" in one ? "Cluster " + one.cluster : shown(one.decision), "decision");
  const facts = [["Score", one.score], ["Distance", one.distance], ["Interval", one.interval], ["May come true", one.set]];
  const told = facts.filter(([, value]) => value !== undefined).map(([name, value]) => name + ": " + shown(value));
  add(place, "p", told.join(". ") + ". Variant: " + one.variant + ". Release: " + body.release.slice(0, 12) + ".");
  if (one.reasons) tellReasons(place, one.reasons);
}}
byId("row").addEventListener("input", () => {{ byId("request").value = JSON.stringify(request(), null, 2); }});
byId("row").addEventListener("submit", async (event) => {{
  event.preventDefault();
  const body = JSON.stringify(request(), null, 2);
  byId("request").value = body;
  try {{
    const headers = {{ "Content-Type": "application/json" }};
    const response = await fetch("predict", {{ method: "POST", headers, body }});
    tell(response.status, await response.json());
  }} catch (error) {{
    byId("answer").textContent = "The service did not answer: " + error;
  }}
}});
</script>
</body></html>
"""


def docs_page(document: dict[str, Any]) -> str:
    """The page for an OpenAPI document.

    >>> document = {"info": {"title": "<x>"}, "paths": {}, "components": {"schemas": {"Row": {"properties": {}, "required": []}}}}
    >>> "&lt;x&gt;" in docs_page(document)
    True
    """
    row = document["components"]["schemas"]["Row"]
    paths = [
        _cells(f"<code>{method.upper()} {html.escape(path)}</code>", html.escape(operation["summary"]))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method in ("get", "post")
    ]
    columns = [
        _cells(
            f"<code>{html.escape(name)}</code>", html.escape(_told(schema)), "yes" if name in row["required"] else "no"
        )
        for name, schema in row["properties"].items()
    ]
    operation = document["paths"].get("/predict", {}).get("post", {})
    body = operation["requestBody"]["content"]["application/json"]["example"] if operation else {"rows": [{}]}
    fields = [
        _field(name, schema, body["rows"][0].get(name), name in row["required"])
        for name, schema in row["properties"].items()
    ]
    return _PAGE.format(
        title=html.escape(document["info"]["title"]),
        paths="".join(paths),
        columns="".join(columns),
        fields="".join(fields),
        example=html.escape(json.dumps(body, indent=2, ensure_ascii=False)),
    )


def _cells(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _field(name: str, schema: dict[str, Any], value: object, required: bool) -> str:
    """What to enter a column's value in; its example stands in it."""
    kinds = _kinds(schema)
    if "enum" in schema or kinds == ["boolean"]:
        choices = [it for it in schema.get("enum", [True, False]) if it is not None]
        box = f"<select {_facts(name, kinds, required)}>{_options(choices, value, required and 'null' not in schema['type'])}</select>"
    else:
        number = kinds in (["number"], ["integer"])
        kind, step = ("number", ' step="any"' if kinds == ["number"] else "") if number else ("text", "")
        text = html.escape("" if value is None else str(value))
        box = f'<input type="{kind}"{step} {_facts(name, kinds, required)} value="{text}" autocomplete="off">'
    unit = f" ({html.escape(str(schema['x-unit']))})" if "x-unit" in schema else ""
    return f"<label><span>{html.escape(name)}{unit}</span>{box}<small>{html.escape(_told(schema))}</small></label>"


def _facts(name: str, kinds: list[str], required: bool) -> str:
    kind = "either" if len(kinds) > 1 else "number" if kinds[0] in ("number", "integer") else kinds[0]
    return f'name="{html.escape(name)}" data-kind="{kind}"' + (' data-required="1"' if required else "")


def _options(choices: list[Any], value: object, needed: bool) -> str:
    texts = [str(it).lower() if isinstance(it, bool) else str(it) for it in choices]
    chosen = str(value).lower() if isinstance(value, bool) else value
    found = [
        f'<option value="{html.escape(it)}"{" selected" if it == chosen else ""}>{html.escape(it)}</option>'
        for it in texts
    ]
    return "".join(found if needed else ['<option value="">missing</option>', *found])


def _kinds(schema: dict[str, Any]) -> list[str]:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return [kind for kind in kinds if kind != "null"]


def _told(schema: dict[str, Any]) -> str:
    told = "time" if schema.get("format") == "date-time" else " or ".join(_kinds(schema))
    if "enum" in schema:
        told = "one of " + ", ".join(str(one) for one in schema["enum"][:12] if one is not None)
    elif "minimum" in schema:
        ends = [
            schema["minimum"] > -1e15 and f"at least {schema['minimum']:g}",
            schema["maximum"] < 1e15 and f"at most {schema['maximum']:g}",
        ]
        told = ", ".join([told, *filter(None, ends)])
    if unit := schema.get("x-unit"):
        told += f", in {unit}"
    return told + (", or null" if "null" in schema["type"] else "")
