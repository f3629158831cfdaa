import Hummingbird

/// What there is to ask for, for people and for programs. Like the dashboard's sign-in page it needs no token: it says what this
/// version can do, not what it does, and is in every copy of the program.
struct DescriptionRoutes: Sendable {
    /// To be called last: they describe all routes that are there by then, and themselves.
    func add(to table: inout RouteTable) {
        var complete = table
        add(to: &complete, index: "", document: [])
        let index = complete.routes.map { "\($0.method.rawValue) \($0.path) – \($0.summary)\n" }.joined()
        add(to: &table, index: "Tenure\n\n\(index)", document: OpenAPIDocument(routes: complete.routes).make())
    }

    private func add(to table: inout RouteTable, index: String, document: [UInt8]) {
        let index = FixedContent("text/plain; charset=utf-8", Array(index.utf8))
        let document = FixedContent("application/json", document)
        table.add(.get, "/api", for: nil, "this list", Operation(.text("text/plain", "The list."))) { request, _ in
            index.answer(request)
        }
        table.add(
            .get,
            "/openapi.json",
            for: nil,
            "this list for programs, with all details: OpenAPI 3.1",
            Operation(.json(.document, "The document."))
        ) { request, _ in document.answer(request) }
    }
}
