// Asks four services, a good, an unsteady, a silent and an absent one, and tells what came of it.
import { Client, Refused, type Row } from "./fullcycle_client.ts";

const told: Record<string, unknown> = {};
for (const [place, service] of Deno.args.entries()) {
  const client = new Client(service, { timeout: place < 2 ? 20000 : 600, pause: 20 });
  const row: Row = { id: `typescript-é"\\\n-${place}`, flight: "N1", distance: 1200, carrier: null };
  row.departure = "2013-07-01T12:15:00Z";
  const { id, decision, score, variant } = await client.decide(row, (it) => (it.distance as number) > 1500 ? "rebook" : "wait");
  told[`decision${place}`] = { id, decision, score, variant };
  if (place === 0) {
    told.outcome = await client.outcome({ id, arr_delay: 41.5 });
    try {
      await client.decide({ ...row, distance: -5 }, () => "wait");
    } catch (error) {
      if (error instanceof Refused) told.refused = `${error.status} ${JSON.stringify(error.problem.errors)}`;
    }
  }
}
console.log(JSON.stringify(told));
