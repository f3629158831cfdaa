import FoundationEssentials
import HTTPTypes
import Hummingbird
import Synchronization
package import Trading

/// Who may do what, at present.
package final class AccessControl: Sendable {
    /// For browsers, which cannot be given a header for every request.
    static let cookie = "tenure_token"

    /// Nil: nobody is asked for a token.
    private let tokens: Mutex<AccessTokens?>
    private let now: @Sendable () -> Timestamp

    /// - Parameters:
    ///   - tokens: Nil to let everybody in, which is only for addresses that nobody else reaches.
    ///   - now: What expiry is measured by. The wall clock will do: it is about days, and no decision about money hangs on
    ///     it.
    package init(
        _ tokens: AccessTokens?,
        now: @escaping @Sendable () -> Timestamp = {
            Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000))
        }
    ) {
        self.tokens = Mutex(tokens)
        self.now = now
    }

    /// From now on these are let in, and nobody else.
    package func replace(_ tokens: AccessTokens) {
        self.tokens.withLock { $0 = tokens }
    }

    var asksForTokens: Bool { tokens.withLock { $0 != nil } }

    /// - Throws: ``Problem``: 401 without a valid token, 403 if its role does not suffice or another site sent the request.
    func admit(_ request: Request, as role: AccessRole) throws -> Principal {
        let changes = request.method != .get && request.method != .head
        if changes, request.isFromAnotherSite { throw Problem.crossSite }
        let principal = try principal(of: request.bearerToken ?? request.cookies[Self.cookie]?.value)
        guard principal.role >= role else { throw Problem.forbidden(principal, needed: role) }
        return principal
    }

    /// - Throws: ``Problem`` (401).
    func principal(of token: String?) throws -> Principal {
        guard let tokens = tokens.withLock({ $0 }) else { return Principal(name: nil, role: .admin) }
        guard let token else { throw Problem.unauthorized("This request has no token.") }
        let hash = AccessToken.hash(of: token)
        guard let known = tokens.tokens.first(where: { $0.isOf(hash) }) else {
            throw Problem.unauthorized("The token is not known (any more).")
        }
        if let expires = known.expires, now() >= expires {
            throw Problem.unauthorized("The token of \(known.name) has expired.")
        }
        return Principal(name: known.name, role: known.role)
    }
}

extension Request {
    fileprivate var bearerToken: String? {
        guard let value = headers[.authorization] else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return String(parts[1].drop { $0 == " " })
    }

    /// Whether a browser sent it for a page of somewhere else (Fetch Metadata; Origin from browsers without it). Programs
    /// send neither header.
    fileprivate var isFromAnotherSite: Bool {
        if let site = headers[HTTPField.Name("Sec-Fetch-Site")!] { return site != "same-origin" && site != "none" }
        guard let origin = headers[.origin], let host = head.authority else { return false }
        return !origin.hasSuffix("://\(host)")
    }
}
