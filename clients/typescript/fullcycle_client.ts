/**
 * Asks a fullcycle prediction service. One file, `fetch` alone: Node 18 or newer, Deno, browsers.
 *
 * A decision is asked for under an id that stays the same through retries, so that it counts once. When the service does not answer
 * within the time-out, today's rule decides, which the caller gives. A request that the service refuses (a column that is wrong) is
 * thrown as `Refused`: retrying would not help, and hiding it would.
 *
 *     const client = new Client("http://127.0.0.1:8000");
 *     const decision = await client.decide({ tail: "N1", distance: 1200 }, () => "wait");
 *     await client.outcome({ id: decision.id, arr_delay: 41.0 });
 */

export type Cell = string | number | boolean | null;
export type Row = Record<string, Cell>;

export interface Decision {
  id: string;
  decision: string | number;
  /** null where today's rule decided: for the control group, or instead of the service */
  score: number | number[] | null;
  /** champion, control, …, or fallback */
  variant: string;
  /** why today's rule stood in for the service */
  why?: string;
}

export interface Options {
  /** milliseconds for one decision with all its attempts */
  timeout?: number;
  /** requests sent for one decision, at most */
  attempts?: number;
  /** milliseconds before the second attempt, at most; it doubles with each further one */
  pause?: number;
  /** a bearer token */
  token?: string;
}

const PASSING = new Set([408, 425, 429, 500, 502, 503, 504]);

/** The service refused a request: its status, and its problem document (RFC 9457). */
export class Refused extends Error {
  readonly status: number;
  readonly problem: Record<string, unknown>;

  constructor(status: number, problem: Record<string, unknown>) {
    super(`${status}: ${problem.detail ?? ""} ${JSON.stringify(problem.errors ?? [])}`);
    this.status = status;
    this.problem = problem;
  }
}

/** The service did not answer in time. */
export class Unanswered extends Error {}

export class Client {
  readonly service: string;
  readonly options: Options;

  /** A client of the service at an address such as `http://127.0.0.1:8000`. */
  constructor(service: string, options: Options = {}) {
    this.service = service.replace(/\/+$/, "");
    this.options = options;
  }

  /** Decides about one row; where the service does not answer in time, by today's rule. */
  async decide(row: Row, todaysRule: (row: Row) => string | number): Promise<Decision> {
    const id = typeof row.id === "string" ? row.id : crypto.randomUUID();
    try {
      const body = await this.post("/predict", { rows: [{ ...row, id }] });
      return (body.predictions as Decision[])[0];
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      return { id, decision: todaysRule(row), score: null, variant: "fallback", why: error.message };
    }
  }

  /** Tells what really happened; said again, it counts once. Throws `Unanswered` where the service does not take it. */
  outcome(outcome: Row): Promise<Record<string, unknown>> {
    return this.post("/outcomes", { outcomes: [outcome] });
  }

  private async post(path: string, body: unknown): Promise<Record<string, unknown>> {
    const { timeout = 2000, attempts = 3, pause = 100, token } = this.options;
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (token) headers.Authorization = `Bearer ${token}`;
    const end = performance.now() + timeout;
    let last = "no attempt was made";
    for (let attempt = 0; attempt < attempts; attempt++) {
      const left = end - performance.now();
      if (left <= 0) break;
      let wait = Math.random() * pause * 2 ** attempt; // full jitter
      try {
        const signal = AbortSignal.timeout(left);
        const answer = await fetch(this.service + path, { method: "POST", headers, body: JSON.stringify(body), signal });
        const text = await answer.text();
        if (answer.ok) return JSON.parse(text);
        if (!PASSING.has(answer.status)) throw new Refused(answer.status, problem(text));
        last = `${answer.status}: ${text}`;
        wait = Math.max(wait, 1000 * (Number(answer.headers.get("Retry-After")) || 0));
      } catch (error) {
        if (error instanceof Refused) throw error;
        last = String(error);
      }
      if (attempt + 1 === attempts || wait >= end - performance.now()) break; // there would be no time left for an answer
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    throw new Unanswered(last);
  }
}

function problem(text: string): Record<string, unknown> {
  try {
    return JSON.parse(text);
  } catch {
    return { detail: text };
  }
}
