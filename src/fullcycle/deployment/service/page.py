"""``/docs``: one page without anything from elsewhere that lists the API and lets one try it."""

from __future__ import annotations

import html
import json
from typing import Any

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1a1a1a; background: #fff; }}
h1 {{ font-size: 1.5rem; }} h2 {{ font-size: 1.1rem; margin-top: 2rem; }}
code, textarea, pre {{ font: 14px/1.4 ui-monospace, monospace; }}
textarea {{ width: 100%; height: 16rem; box-sizing: border-box; }}
pre {{ background: #f3f3f3; padding: 1rem; overflow: auto; white-space: pre-wrap; }}
table {{ border-collapse: collapse; width: 100%; }} th, td {{ text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ccc; }}
button {{ font: inherit; padding: .4rem 1rem; }}
@media (prefers-color-scheme: dark) {{ body {{ color: #eee; background: #111; }} pre {{ background: #222; }} }}
</style></head><body>
<h1>{title}</h1>
<p>The prediction service. Its description for programs: <a href="openapi.json">openapi.json</a>.</p>
<h2>What it answers</h2>
<table><thead><tr><th scope="col">Request</th><th scope="col">Does</th></tr></thead><tbody>{paths}</tbody></table>
<h2>What a row must bring</h2>
<table><thead><tr><th scope="col">Column</th><th scope="col">What it is</th><th scope="col">Must be there</th></tr></thead>
<tbody>{columns}</tbody></table>
<h2>Try it</h2>
<p>The row is made up. With <code>"dry_run": true</code> nothing is logged.</p>
<label for="request">Request to <code>POST /predict</code></label>
<textarea id="request" spellcheck="false">{example}</textarea>
<p><button id="send" type="button">Send</button></p>
<pre id="answer" aria-live="polite">The answer stands here.</pre>
<script>
document.getElementById("send").addEventListener("click", async () => {{
  const answer = document.getElementById("answer");
  try {{
    const response = await fetch("predict", {{
      method: "POST",
      headers: {{ "Content-Type": "application/json" }},
      body: document.getElementById("request").value,
    }});
    answer.textContent = response.status + " " + JSON.stringify(await response.json(), null, 2);
  }} catch (error) {{
    answer.textContent = "The service did not answer: " + error;
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
    ]
    columns = [
        _cells(
            f"<code>{html.escape(name)}</code>", html.escape(_told(schema)), "yes" if name in row["required"] else "no"
        )
        for name, schema in row["properties"].items()
    ]
    example = document["paths"].get("/predict", {}).get("post", {})
    body = example["requestBody"]["content"]["application/json"]["example"] if example else {}
    return _PAGE.format(
        title=html.escape(document["info"]["title"]),
        paths="".join(paths),
        columns="".join(columns),
        example=html.escape(json.dumps(body, indent=2, ensure_ascii=False)),
    )


def _cells(*cells: str) -> str:
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _told(schema: dict[str, Any]) -> str:
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    told = "time" if schema.get("format") == "date-time" else " or ".join(kind for kind in kinds if kind != "null")
    if "enum" in schema:
        told = "one of " + ", ".join(str(one) for one in schema["enum"][:12] if one is not None)
    return told + (", or null" if "null" in kinds else "")
