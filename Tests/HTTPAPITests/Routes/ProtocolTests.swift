import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import NIOCore
import Testing

@Suite("HTTP itself", .timeLimit(.minutes(5)))
struct ProtocolTests {
    @Test(
        "malformed JSON is refused with the place",
        arguments: [("{\"symbol\": }", "line 1, column 12"), ("[", "line 1")]
    )
    func malformed(body: String, place: String) async throws {
        try await APIFixture.offline { api in
            let problem = try await api.post("/api/live-strategy/start", body).problem(.badRequest, "malformed-json")
            #expect(problem["detail"].string.contains(place))
        }
    }

    @Test("a body that is no object is refused", arguments: ["[]", "1", "\"x\"", "null", "true"])
    func notAnObject(body: String) async throws {
        try await APIFixture.offline { api in
            _ = try await api.post("/api/live-strategy/stop", body).problem(.unprocessableContent, "not-an-object")
        }
    }

    @Test("no body, too large a body and other media types are refused")
    func bodies() async throws {
        try await APIFixture.offline { api in
            let path = "/api/live-strategy/start"
            _ = try await api.client.execute(uri: path, method: .post).problem(.badRequest, "missing-body")
            let large = "{\"symbol\": \"" + String(repeating: "A", count: 1 << 20) + "\"}"
            _ = try await api.post(path, large).problem(.contentTooLarge, "too-large")
            for type in [
                "application/x-www-form-urlencoded", "text/plain", "application/jsonx", "",
                "application/json; charset=latin1",
            ] {
                let response = try await api.post(path, "{}", headers: [.contentType: type])
                _ = try response.problem(.unsupportedMediaType, "unsupported-media-type")
            }
            _ = try await api.client.execute(uri: path, method: .post, body: ByteBuffer(string: "{}"))
                .problem(.unsupportedMediaType, "unsupported-media-type")
            _ = try await api.post(path, "{}", headers: [.contentEncoding: "gzip"])
                .problem(.unsupportedMediaType, "unsupported-media-type")
            for type in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""] {
                let response = try await api.post(path, "{}", headers: [.contentType: type])
                _ = try response.problem(.unprocessableContent, "invalid-fields")
            }
        }
    }

    @Test("unknown paths are 404, other methods 405 with what is allowed")
    func routing() async throws {
        try await APIFixture.offline { api in
            for path in [
                "/nothing", "/api/nothing", "/api/live-strategy", "/api/live-strategy/1/nothing",
                "/api/live-strategy/1/orders/2",
            ] {
                _ = try await api.get(path).problem(.notFound, "not-found")
            }
            let cases: [(HTTPRequest.Method, String, String)] = [
                (.get, "/api/live-strategy/start", "POST"), (.post, "/api/live-strategy/status", "GET, HEAD"),
                (.delete, "/api/live-strategy/1", "GET, HEAD, PATCH"), (.put, "/healthz", "GET, HEAD"),
                (.post, "/", "GET, HEAD"), (.post, "/api", "GET, HEAD"),
                (.init("FROB")!, "/api/replicas", "GET, HEAD"),
            ]
            for (method, path, allow) in cases {
                let response = try await api.client.execute(uri: path, method: method)
                _ = try response.problem(.methodNotAllowed, "method-not-allowed")
                #expect(response.headers[.allow] == allow)
            }
        }
    }

    @Test("every answer has a request id, the client's own if it is a sensible one, and is not cached")
    func requestID() async throws {
        try await APIFixture.with(owned: false) { api in
            let own = try await api.get("/nothing", headers: [.requestID: "abc-123_x.y:z"])
            #expect(own.headers[.requestID] == "abc-123_x.y:z")
            #expect(try own.json()["request_id"].string == "abc-123_x.y:z")
            for bad in ["", "a b", "<script>", String(repeating: "a", count: 129)] {
                let response = try await api.get("/healthz", headers: [.requestID: bad])
                #expect(response.headers[.requestID]?.wholeMatch(of: /[0-9a-f]{16}/) != nil)
            }
            let ids = [
                try await api.get("/healthz").headers[.requestID], try await api.get("/healthz").headers[.requestID],
            ]
            #expect(ids[0] != ids[1])
            for path in ["/healthz", "/nothing", "/api/live-strategy/status", "/metrics"] {
                #expect(try await api.get(path).headers[.cacheControl] == "no-store")
            }
        }
    }

    @Test(
        "HEAD answers like GET, without the body",
        arguments: ["/", "/api", "/healthz", "/api/live-strategy/status", "/nothing"]
    )
    func head(path: String) async throws {
        try await APIFixture.with(owned: false, setup: .live) { api in
            let get = try await api.get(path)
            let head = try await api.client.execute(uri: path, method: .head)
            #expect(head.status == get.status)
            #expect(head.headers[.contentType] == get.headers[.contentType])
            #expect(head.headers[.contentLength] == get.headers[.contentLength])
            #expect(head.body.readableBytes == 0)
            // The connection is still in step.
            #expect(try await api.get("/healthz").status == .ok)
        }
    }

    @Test("requests are counted and measured by route, method and status, never by what a client made up")
    func metrics() async throws {
        try await APIFixture.with(owned: false) { api in
            _ = try await api.get("/api/live-strategy/77")
            _ = try await api.get("/api/live-strategy/78")
            _ = try await api.get("/made/up")
            _ = try await api.client.execute(uri: "/healthz", method: .init("FROB")!)
            let page = try await api.get("/metrics")
            #expect(page.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            for line in [
                #"tenure_http_requests_total{method="GET",route="/api/live-strategy/{id}",status="404"} 2"#,
                #"tenure_http_requests_total{method="GET",route="unmatched",status="404"} 1"#,
                #"tenure_http_requests_total{method="OTHER",route="unmatched",status="405"} 1"#,
                #"tenure_http_request_duration_seconds_count{method="GET",route="/api/live-strategy/{id}",status="404"} 2"#,
            ] {
                #expect(page.text.contains(line + "\n"))
            }
        }
    }

    @Test("/api lists what there is")
    func index() async throws {
        try await APIFixture.offline { api in
            let page = try await api.get("/api")
            #expect(page.status == .ok)
            #expect(page.text.contains("POST /api/live-strategy/start"))
        }
    }
}
