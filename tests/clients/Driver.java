import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** Asks four services, a good, an unsteady, a silent and an absent one, and tells what came of it. */
public final class Driver {
    public static void main(String[] services) throws Exception {
        Map<String, Object> told = new LinkedHashMap<>();
        for (int place = 0; place < services.length; place++) {
            FullcycleClient client = new FullcycleClient(URI.create(services[place]));
            client.timeout = Duration.ofMillis(place < 2 ? 20000 : 600);
            client.pause = Duration.ofMillis(20);
            Map<String, Object> row = new LinkedHashMap<>();
            row.put("id", "java-é\"\\\n-" + place);
            row.put("flight", "N1");
            row.put("distance", 1200);
            row.put("carrier", null);
            row.put("departure", "2013-07-01T12:15:00Z");
            FullcycleClient.Decision found = client.decide(row, given -> (int) given.get("distance") > 1500 ? "rebook" : "wait");
            Map<String, Object> decision = new LinkedHashMap<>();
            decision.put("id", found.id);
            decision.put("decision", found.decision);
            decision.put("score", found.score);
            decision.put("variant", found.variant);
            told.put("decision" + place, decision);
            if (place == 0) {
                told.put("outcome", client.outcome(Map.of("id", found.id, "arr_delay", 41.5)));
                row.put("distance", -5);
                try {
                    client.decide(row, given -> "wait");
                } catch (FullcycleClient.Refused refused) {
                    told.put("refused", refused.status + " " + refused.problem.get("errors"));
                }
            }
        }
        System.out.println(FullcycleClient.Json.write(told));
    }
}
