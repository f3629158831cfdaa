import Dashboard
import HTTPTypes
import Hummingbird

/// The dashboard: a page and what it consists of, the same for everybody.
struct DashboardRoutes: Sendable {
    /// Nothing but what this server sends, no script or style in the page itself, and no text that becomes markup.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'
        """

    private static let headers: HTTPFields = [
        .xContentTypeOptions: "nosniff", .contentSecurityPolicy: policy, .referrerPolicy: "no-referrer",
    ]

    private let page = FixedContent(DashboardFile.page.mediaType, DashboardFile.page.bytes, headers: Self.headers)
    private let files = DashboardFile.all.mapValues { FixedContent($0.mediaType, $0.bytes, headers: Self.headers) }

    func add(to table: inout RouteTable) {
        table.add(.get, "/", for: nil, "the dashboard", Operation(.text("text/html", "A page."))) { request, _ in
            page.answer(request)
        }
        table.add(
            .get,
            "/dashboard/{file}",
            for: nil,
            "what the dashboard consists of",
            Operation(.text("*/*", "A file."))
        ) { request, context in
            let name = context.parameters.get("file") ?? ""
            guard let file = files[name] else { throw Problem.noRoute("/dashboard/\(name.shortened)") }
            return file.answer(request)
        }
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = Self("Referrer-Policy")!
}
