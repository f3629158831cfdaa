import HTTPTypes
import Hummingbird

/// Signing in with a browser: the token goes into a cookie that no script can read.
struct SessionRoutes: Sendable {
    let access: AccessControl
    let bodyLimit: Int
    /// Whether the listener itself speaks TLS.
    let isEncrypted: Bool

    func add(to table: inout RouteTable) {
        table.add(
            .get,
            "/api/session",
            for: .viewer,
            "who you are, and what you may do",
            Operation(.json(.session, "That.")),
            session
        )
        table.add(
            .post,
            "/api/session",
            for: nil,
            "sign in: the token as a cookie",
            Operation(
                body: .signInRequest,
                .json(.session, "Signed in."),
                problems: [(.unauthorized, "The token is not known, or has expired.")]
            ),
            signIn
        )
        table.add(.delete, "/api/session", for: nil, "sign out", Operation(.empty(.noContent, "Signed out.")), signOut)
    }

    private func session(_ request: Request, _ context: APIRequestContext) throws -> Response {
        answer(context.principal)
    }

    private func signIn(_ request: Request, _ context: APIRequestContext) async throws -> Response {
        var fields = try RequestFields(try await request.jsonBody(limit: bodyLimit), known: ["token"])
        let token = fields.requiredString("token", "tenure_…")
        if let token, !token.utf8.allSatisfy(Self.isAllowedInCookies) {
            fields.refuse("token", "must have the characters only that `tenure token create` uses.")
        }
        try fields.finish()
        let principal = try access.principal(of: token)
        var response = answer(principal)
        if let token, access.asksForTokens { response.setCookie(cookie(token, request)) }
        return response
    }

    /// RFC 6265, section 4.1.1: cookie-octet.
    private static func isAllowedInCookies(_ byte: UInt8) -> Bool {
        (0x21...0x7E).contains(byte) && !#"",;\"#.utf8.contains(byte)
    }

    private func signOut(_ request: Request, _ context: APIRequestContext) -> Response {
        var response = Response(status: .noContent)
        response.setCookie(cookie("", request, maxAge: 0))
        return response
    }

    private func answer(_ principal: Principal?) -> Response {
        Answer.json { json in
            json.member("name", principal?.name)
            json.member("role", (principal?.role ?? .admin).rawValue)
            json.member("token_needed", access.asksForTokens)
        }
    }

    /// Until the browser ends. `SameSite` keeps it out of what other sites' pages send.
    private func cookie(_ token: String, _ request: Request, maxAge: Int? = nil) -> Cookie {
        let isEncrypted = isEncrypted || request.headers[HTTPField.Name("X-Forwarded-Proto")!]?.lowercased() == "https"
        return Cookie(
            name: AccessControl.cookie,
            value: token,
            maxAge: maxAge,
            path: "/",
            secure: isEncrypted,
            httpOnly: true,
            sameSite: .strict
        )
    }
}
