import HTTPTypes

/// The OpenAPI 3.1 document of a route table. Made once, the same from every replica of a version.
struct OpenAPIDocument {
    let routes: [RouteTable.Route]

    func make() -> [UInt8] {
        JSONWriter.object { json in
            json.member("openapi", "3.1.0")
            json.member("info") { json in
                json.object { json in
                    json.member("title", "Tenure")
                    json.member("version", "1")
                    json.member("description", Self.introduction)
                }
            }
            json.member("servers", json: #"[{"url":"/"}]"#)
            json.member("paths") { json in
                json.object { json in
                    for path in paths {
                        json.member(path) { json in
                            json.object { json in
                                for route in routes where route.path == path {
                                    json.member(route.method.rawValue.lowercased()) { write(route, to: &$0) }
                                }
                            }
                        }
                    }
                }
            }
            json.member("components") { json in
                json.object { json in
                    json.member("schemas") { json in
                        json.object { json in
                            for schema in Schema.all { json.member(schema.name, json: schema.definition) }
                        }
                    }
                    json.member("securitySchemes", json: Self.securitySchemes)
                }
            }
        }
    }

    private static let introduction = """
        Every request to every replica, or to the load balancer in front of them. Amounts are strings, so that nobody reads \
        them as binary floating point; moments are RFC 3339 in UTC. Lists are read page by page: hand `next_cursor` back as \
        `cursor`. Every error is problem details (RFC 9457) whose `detail` says what to do.
        """

    private static let securitySchemes = """
        {"token":{"type":"http","scheme":"bearer","description":"Made by `tenure token create`."},\
        "session":{"type":"apiKey","in":"cookie","name":"\(AccessControl.cookie)","description":"Set by POST /api/session."}}
        """

    /// Each once, in the order of the table.
    private var paths: [String] {
        var seen: Set<String> = []
        return routes.map(\.path).filter { seen.insert($0).inserted }
    }

    private func write(_ route: RouteTable.Route, to json: inout JSONWriter) {
        let names = route.path.split(separator: "/").filter { $0.hasPrefix("{") }.map {
            String($0.dropFirst().dropLast())
        }
        let parameters = names.map { Parameter.path($0) } + route.operation.parameters
        json.object { json in
            json.member("operationId", Self.identifier(route))
            json.member("summary", route.summary)
            json.member("tags", texts: [Self.tag(route.path)])
            if let role = route.role {
                json.member("description", "Needs the role \(role.rawValue), or one above it.")
                json.member("security", json: #"[{"token":[]},{"session":[]}]"#)
            } else {
                json.member("description", "Needs no token.")
                json.member("security", json: "[]")
            }
            if !parameters.isEmpty {
                json.member("parameters", json: "[\(parameters.map(\.json).joined(separator: ","))]")
            }
            if let body = route.operation.body {
                json.member("requestBody") { json in
                    json.object { json in
                        json.member("required", true)
                        json.member("content", json: Self.content([("application/json", body.shape)]))
                    }
                }
            }
            json.member("responses") { json in
                json.object { json in
                    for answer in route.operation.answers {
                        json.member("\(answer.status.code)") { json in
                            json.object { json in
                                json.member("description", answer.description)
                                if !answer.content.isEmpty {
                                    json.member("content", json: Self.content(answer.content))
                                }
                            }
                        }
                    }
                    for (status, description) in route.problems.sorted(by: { $0.key < $1.key }) {
                        json.member("\(status)") { json in
                            json.object { json in
                                json.member("description", description)
                                json.member(
                                    "content",
                                    json: Self.content([("application/problem+json", Schema.problem.shape)])
                                )
                            }
                        }
                    }
                }
            }
        }
    }

    private static func content(_ forms: [(type: String, shape: Shape)]) -> String {
        let members = forms.map { form in
            #"\#(JSONWriter.text(form.type)):{"schema":\#(form.shape.schema),"example":\#(form.shape.example)}"#
        }
        return "{\(members.joined(separator: ","))}"
    }

    private static func identifier(_ route: RouteTable.Route) -> String {
        let words = route.path.split { !$0.isLetter && !$0.isNumber }
        return ([route.method.rawValue.lowercased()] + words.map(String.init)).joined(separator: "_")
    }

    private static func tag(_ path: String) -> String {
        let words = path.split(separator: "/")
        guard words.count > 1, words[0] == "api" else { return "service" }
        return words[1] == "strategies" ? "live-strategy" : String(words[1])
    }
}

extension RouteTable.Route {
    /// Every status that is no success, and when it comes.
    fileprivate var problems: [Int: String] {
        var problems = [
            500: "Something went wrong that should not. The log has the details under the request id.",
            503: "The database, or something else that this needs, is away, or this replica is not ready. Try again.",
        ]
        if role != nil || operation.body != nil || !operation.parameters.isEmpty {
            problems[400] = "The query, a header or the body cannot be read."
        }
        if role != nil { problems[401] = "There is no token, or it is not known, or has expired." }
        if let role, role > .viewer || method != .get {
            problems[403] = "The role of the token does not suffice, or a page of another site sent the request."
        }
        if path.contains("{") { problems[404] = "There is nothing of this name." }
        problems[431] = "The headers are too large."
        if RateLimits.isLimited(path) { problems[429] = "Too many requests; `Retry-After` says when to come back." }
        if operation.body != nil {
            problems[408] = "The body did not arrive in time."
            problems[413] = "The body is too large."
            problems[415] = "The body is not JSON, or compressed."
            problems[422] = "Something in the body is wrong; `errors` names every field."
        }
        for (status, description) in operation.problems { problems[status.code] = description }
        return problems
    }
}
