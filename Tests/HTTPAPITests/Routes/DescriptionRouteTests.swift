import HTTPAPI
import HTTPTypes
import HummingbirdTesting
import Testing

@Suite("The description of the API", .timeLimit(.minutes(5)))
struct DescriptionRouteTests {
    private static let methods: Set<String> = ["get", "post", "put", "patch", "delete"]

    @Test("the OpenAPI document has every route, no other, and needs no token")
    func completeness() async throws {
        try await APIFixture.offline(
            access: AccessControl(try AccessTokens(AccessToken.make(name: "a", role: .viewer, expires: nil).entry))
        ) { api in
            let answer = try await api.get("/openapi.json")
            #expect(answer.status == .ok)
            #expect(answer.headers[.contentType] == "application/json")
            let document = try answer.json()
            #expect(document["openapi"].string == "3.1.0")
            var described: Set<String> = []
            for path in document["paths"].keys {
                for method in document["paths"][path].keys { described.insert("\(method.uppercased()) \(path)") }
            }
            let index = try await api.get("/api").text
            let listed = index.split(separator: "\n").dropFirst().map { $0.split(separator: " – ")[0] }.map(String.init)
            #expect(listed.count == Set(listed).count)
            #expect(described == Set(listed))
            for expected in ["POST /api/live-strategy/start", "GET /openapi.json", "GET /healthz", "GET /"] {
                #expect(described.contains(expected))
            }
        }
    }

    @Test("every operation says what it answers, errors included, and every name it uses is defined and used")
    func operations() async throws {
        try await APIFixture.offline { api in
            let answer = try await api.get("/openapi.json")
            let document = try answer.json()
            var identifiers: Set<String> = []
            for path in document["paths"].keys {
                for method in document["paths"][path].keys {
                    let operation = document["paths"][path][method]
                    let name = "\(method) \(path)"
                    #expect(Self.methods.contains(method), "\(name)")
                    #expect(identifiers.insert(operation["operationId"].string).inserted, "\(name)")
                    #expect(!operation["summary"].string.isEmpty, "\(name)")
                    let responses = operation["responses"]
                    #expect(responses.keys.contains { $0.hasPrefix("2") }, "\(name)")
                    #expect(responses.keys.isSuperset(of: ["500", "503"]), "\(name)")
                    #expect(
                        responses.keys.contains("401")
                            == (!operation["security"].array.isEmpty || name == "post /api/session"),
                        "\(name)"
                    )
                    for status in responses.keys where status.hasPrefix("4") || status.hasPrefix("5") {
                        #expect(responses[status]["content"].keys == ["application/problem+json"], "\(name) \(status)")
                    }
                    let inPath = Set(
                        path.split(separator: "/").filter { $0.hasPrefix("{") }.map { $0.dropFirst().dropLast() }.map(
                            String.init
                        )
                    )
                    #expect(
                        Set(
                            operation["parameters"].array.filter { $0["in"].string == "path" }.map { $0["name"].string }
                        ) == inPath
                    )
                }
            }
            let used = Set(answer.text.matches(of: /"#\/components\/schemas\/([A-Za-z]+)"/).map { String($0.1) })
            #expect(used == document["components"]["schemas"].keys)
        }
    }

    @Test("answers have the members that the document says, and no others")
    func members() async throws {
        try await APIFixture.with { api in
            let id = try await api.started()
            _ = try await api.start("ETHUSDT")
            _ = try await api.stop("ETHUSDT")
            let document = try await api.get("/openapi.json").json()
            let paths = document["paths"]
            for path in paths.keys where paths[path].keys.contains("get") && !path.hasPrefix("/dashboard") {
                let content = paths[path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
                guard !content.isEmpty, path != "/openapi.json" else { continue }
                let number = path.hasPrefix("/api/replicas") ? "1" : "\(id)"
                let answer = try await api.get(
                    path.replacing("{id}", with: number),
                    headers: [.accept: "application/json"]
                )
                #expect(answer.status == .ok, "\(path): \(answer.text)")
                check(try answer.json(), content, in: document, path)
            }
            let problem = try await api.start().json()
            check(problem, document["components"]["schemas"]["Problem"], in: document, "409")
        }
    }

    private func check(_ value: JSON, _ schema: JSON, in document: JSON, _ place: String) {
        let reference = schema["$ref"].string
        if !reference.isEmpty {
            let name = reference.split(separator: "/").last.map(String.init) ?? ""
            return check(value, document["components"]["schemas"][name], in: document, "\(place) \(name)")
        }
        if let first = schema["anyOf"].array.first {
            return value.isNull ? () : check(value, first, in: document, place)
        }
        if !schema["items"].isEmpty {
            for element in value.array { check(element, schema["items"], in: document, place) }
        }
        guard !schema["properties"].isEmpty else { return }
        let required = Set(schema["required"].array.map(\.string))
        #expect(value.keys.isSuperset(of: required), "\(place) lacks \(required.subtracting(value.keys))")
        let undocumented = value.keys.subtracting(schema["properties"].keys)
        #expect(undocumented.isEmpty, "\(place) has also \(undocumented)")
        for name in value.keys { check(value[name], schema["properties"][name], in: document, "\(place).\(name)") }
    }
}
