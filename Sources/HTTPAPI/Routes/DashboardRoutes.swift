import Dashboard
import HTTPTypes
import Hummingbird
import NIOCore

/// The dashboard: a page and what it consists of, the same for everybody.
struct DashboardRoutes: Sendable {
    /// Nothing but what this server sends, no script or style in the page itself, and no text that becomes markup.
    private static let policy = """
        default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
        base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'
        """

    func add(to table: inout RouteTable) {
        table.add(.get, "/", for: nil, "the dashboard", Operation(.text("text/html", "A page."))) { request, _ in
            answer(request, with: DashboardFile.page)
        }
        table.add(
            .get,
            "/dashboard/{file}",
            for: nil,
            "what the dashboard consists of",
            Operation(.text("*/*", "A file."))
        ) { request, context in
            let name = context.parameters.get("file") ?? ""
            guard let file = DashboardFile.all[name] else { throw Problem.noRoute("/dashboard/\(name.shortened)") }
            return answer(request, with: file)
        }
    }

    private func answer(_ request: Request, with file: DashboardFile) -> Response {
        var headers: HTTPFields = [
            .eTag: file.tag,
            // Asked for every time: another replica may have another version.
            .cacheControl: "no-cache",
            .xContentTypeOptions: "nosniff",
            .contentSecurityPolicy: Self.policy,
            .referrerPolicy: "no-referrer",
        ]
        let known = (request.headers[.ifNoneMatch] ?? "").split(separator: ",").map { $0.trimmingPrefix { $0 == " " } }
        if known.contains(where: { $0 == file.tag }) { return Response(status: .notModified, headers: headers) }
        headers[.contentType] = file.mediaType
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.bytes)))
    }
}

extension HTTPField.Name {
    fileprivate static let referrerPolicy = Self("Referrer-Policy")!
}
