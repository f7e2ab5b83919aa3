import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;

/**
 * Asks a fullcycle prediction service. One file, Java 11 or newer, nothing to install.
 *
 * <p>A decision is asked for under an id that stays the same through retries, so that it counts once. When the service does not
 * answer within the time-out, today's rule decides, which the caller gives; {@link Decision#fallback} then says why. A request that
 * the service refuses (a column that is wrong) is thrown as {@link Refused}: retrying would not help, and hiding it would.
 *
 * <pre>{@code
 * var client = new FullcycleClient(URI.create("http://127.0.0.1:8000"));
 * var decision = client.decide(Map.of("tail", "N1", "distance", 1200), row -> "wait");
 * client.outcome(Map.of("id", decision.id, "arr_delay", 41.0));
 * }</pre>
 */
public final class FullcycleClient {
    private static final Set<Integer> PASSING = Set.of(408, 425, 429, 500, 502, 503, 504);

    /** For one decision with all its attempts; then today's rule decides. */
    public Duration timeout = Duration.ofSeconds(2);
    /** Requests sent for one decision, at most. */
    public int attempts = 3;
    /** Before the second attempt, at most; it doubles with each further one. */
    public Duration pause = Duration.ofMillis(100);
    /** A bearer token, or null. */
    public String token = null;

    private final URI service;
    private final HttpClient http;

    /** A client of the service at an address such as {@code http://127.0.0.1:8000}. It may be shared by threads. */
    public FullcycleClient(URI service) {
        this.service = URI.create(service.toString().replaceAll("/+$", "") + "/");
        this.http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(Duration.ofSeconds(1)).build();
    }

    /** What to do. */
    public static final class Decision {
        /** Under which an outcome is told later. */
        public final String id;
        /** The action (a String), or the number decided on (a Double). */
        public final Object decision;
        /** A Double, a List of them, or null where today's rule decided: for the control group, or instead of the service. */
        public final Object score;
        /** Who decided: champion, control, …, or fallback. */
        public final String variant;
        /** Why the service was not asked or did not answer; null where it did. */
        public final Exception fallback;

        Decision(String id, Object decision, Object score, String variant, Exception fallback) {
            this.id = id;
            this.decision = decision;
            this.score = score;
            this.variant = variant;
            this.fallback = fallback;
        }
    }

    /** The service refused a request: its status, and its problem document (RFC 9457). */
    public static final class Refused extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public final int status;
        public final transient Map<String, Object> problem;

        Refused(int status, Map<String, Object> problem) {
            super(status + ": " + problem.getOrDefault("detail", "") + " " + problem.getOrDefault("errors", ""));
            this.status = status;
            this.problem = problem;
        }
    }

    /** Decides about one row; where the service does not answer in time, by today's rule. */
    public Decision decide(Map<String, ?> row, Function<Map<String, ?>, ?> todaysRule) {
        Map<String, Object> sent = new LinkedHashMap<>(row);
        String id = (String) sent.computeIfAbsent("id", key -> UUID.randomUUID().toString());
        try {
            Map<?, ?> body = (Map<?, ?>) post("predict", Map.of("rows", List.of(sent)));
            Map<?, ?> found = (Map<?, ?>) ((List<?>) body.get("predictions")).get(0);
            return new Decision(id, found.get("decision"), found.get("score"), (String) found.get("variant"), null);
        } catch (IOException | ClassCastException | NullPointerException | IndexOutOfBoundsException error) {
            return new Decision(id, todaysRule.apply(row), null, "fallback", error);
        }
    }

    /** Tells what really happened; said again, it counts once. Throws IOException where the service does not take it. */
    public Map<String, Object> outcome(Map<String, ?> outcome) throws IOException {
        @SuppressWarnings("unchecked")
        Map<String, Object> taken = (Map<String, Object>) post("outcomes", Map.of("outcomes", List.of(outcome)));
        return taken;
    }

    private Object post(String path, Object body) throws IOException {
        long end = System.nanoTime() + timeout.toNanos();
        IOException last = new IOException("no attempt was made");
        for (int attempt = 0; attempt < attempts; attempt++) {
            long left = end - System.nanoTime();
            if (left <= 0) {
                break;
            }
            long wait = ThreadLocalRandom.current().nextLong((pause.toNanos() << Math.min(attempt, 16)) + 1); // full jitter
            try {
                HttpResponse<String> answer = http.send(request(path, body, left), HttpResponse.BodyHandlers.ofString());
                if (answer.statusCode() == 200) {
                    return Json.read(answer.body());
                }
                if (!PASSING.contains(answer.statusCode())) {
                    throw new Refused(answer.statusCode(), problem(answer.body()));
                }
                last = new IOException("the service answered " + answer.statusCode() + ": " + answer.body());
                wait = Math.max(wait, retryAfter(answer));
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", error);
            } catch (Refused refused) {
                throw refused;
            } catch (IOException error) {
                last = error;
            }
            if (attempt + 1 == attempts || wait >= end - System.nanoTime()) {
                break; // there would be no time left for an answer
            }
            sleep(wait);
        }
        throw last;
    }

    private HttpRequest request(String path, Object body, long nanoseconds) {
        HttpRequest.Builder request = HttpRequest.newBuilder(service.resolve(path))
                .timeout(Duration.ofNanos(nanoseconds))
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(Json.write(body)));
        return (token == null ? request : request.header("Authorization", "Bearer " + token)).build();
    }

    private static long retryAfter(HttpResponse<String> answer) {
        String told = answer.headers().firstValue("Retry-After").orElse("0");
        return told.matches("[0-9]{1,6}") ? Duration.ofSeconds(Long.parseLong(told)).toNanos() : 0;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> problem(String body) {
        try {
            return (Map<String, Object>) Json.read(body);
        } catch (IOException | ClassCastException error) {
            return Map.of("detail", body);
        }
    }

    private static void sleep(long nanoseconds) throws IOException {
        try {
            Thread.sleep(nanoseconds / 1_000_000, (int) (nanoseconds % 1_000_000));
        } catch (InterruptedException error) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", error);
        }
    }

    /** As much JSON (RFC 8259) as the service speaks: maps, lists, strings, numbers (Double), booleans, null. */
    static final class Json {
        private final String text;
        private int at = 0;

        private Json(String text) {
            this.text = text;
        }

        static Object read(String text) throws IOException {
            Json json = new Json(text);
            try {
                Object value = json.value();
                json.blanks();
                if (json.at < text.length()) {
                    throw json.wrong();
                }
                return value;
            } catch (StringIndexOutOfBoundsException | NumberFormatException error) {
                throw json.wrong();
            }
        }

        static String write(Object value) {
            if (value == null || value instanceof Boolean || value instanceof Integer || value instanceof Long) {
                return Objects.toString(value);
            }
            if (value instanceof Number) {
                double number = ((Number) value).doubleValue();
                return Double.isNaN(number) ? "null" : finite(number); // not a number is a missing value
            }
            if (value instanceof Map) {
                List<String> parts = new ArrayList<>();
                ((Map<?, ?>) value).forEach((key, one) -> parts.add(quoted(key.toString()) + ":" + write(one)));
                return "{" + String.join(",", parts) + "}";
            }
            if (value instanceof Iterable) {
                List<String> parts = new ArrayList<>();
                ((Iterable<?>) value).forEach(one -> parts.add(write(one)));
                return "[" + String.join(",", parts) + "]";
            }
            return quoted(value.toString()); // an Instant too: ISO 8601
        }

        private static String finite(double number) {
            if (Double.isInfinite(number)) {
                throw new IllegalArgumentException("infinity is no number that the service takes");
            }
            return Double.toString(number);
        }

        private static String quoted(String text) {
            StringBuilder found = new StringBuilder("\"");
            for (char sign : text.toCharArray()) {
                if (sign == '"' || sign == '\\') {
                    found.append('\\').append(sign);
                } else if (sign < ' ' || Character.isSurrogate(sign)) {
                    found.append(String.format("\\u%04x", (int) sign));
                } else {
                    found.append(sign);
                }
            }
            return found.append('"').toString();
        }

        private Object value() throws IOException {
            blanks();
            char sign = text.charAt(at);
            if (sign == '{') {
                return map();
            }
            if (sign == '[') {
                return list();
            }
            if (sign == '"') {
                return string();
            }
            for (String word : List.of("true", "false", "null")) {
                if (text.startsWith(word, at)) {
                    at += word.length();
                    return word.equals("null") ? null : Boolean.valueOf(word);
                }
            }
            int start = at;
            while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
            return Double.valueOf(text.substring(start, at));
        }

        private Map<String, Object> map() throws IOException {
            Map<String, Object> found = new LinkedHashMap<>();
            at++;
            if (next('}')) {
                return found;
            }
            do {
                blanks();
                String key = string();
                expect(':');
                found.put(key, value());
            } while (next(','));
            expect('}');
            return found;
        }

        private List<Object> list() throws IOException {
            List<Object> found = new ArrayList<>();
            at++;
            if (next(']')) {
                return found;
            }
            do {
                found.add(value());
            } while (next(','));
            expect(']');
            return found;
        }

        private String string() throws IOException {
            expect('"');
            StringBuilder found = new StringBuilder();
            while (text.charAt(at) != '"') {
                char sign = text.charAt(at++);
                found.append(sign == '\\' ? escaped() : sign);
            }
            at++;
            return found.toString();
        }

        private char escaped() throws IOException {
            char sign = text.charAt(at++);
            if (sign == 'u') {
                at += 4;
                return (char) Integer.parseInt(text.substring(at - 4, at), 16);
            }
            int place = "\"\\/bfnrt".indexOf(sign);
            if (place < 0) {
                throw wrong();
            }
            return "\"\\/\b\f\n\r\t".charAt(place);
        }

        private boolean next(char sign) {
            blanks();
            if (at < text.length() && text.charAt(at) == sign) {
                at++;
                return true;
            }
            return false;
        }

        private void expect(char sign) throws IOException {
            if (!next(sign)) {
                throw wrong();
            }
        }

        private void blanks() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
                at++;
            }
        }

        private IOException wrong() {
            return new IOException("the service's answer is not JSON at character " + at);
        }
    }
}
