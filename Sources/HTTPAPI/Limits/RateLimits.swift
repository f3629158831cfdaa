import HTTPTypes
import Hummingbird
import Synchronization

/// Keeps anybody from asking for more than a share: those with a token each by its name, all others by their address.
final class RateLimits: Sendable {
    /// For so many seconds' worth somebody may ask at once.
    private static let burst = 5
    /// A request with a wrong token counts as so many.
    private static let refusal = 20
    /// What load balancers ask is answered always.
    private static let unlimited: Set<String> = ["/healthz", "/readyz"]
    private static let forwardedFor = HTTPField.Name("X-Forwarded-For")!

    /// Nil: there is no limit.
    private let buckets: Mutex<RateBuckets?>
    private let isOn: Bool
    private let proxies: Set<String>

    /// - Parameters:
    ///   - perSecond: Requests; nil for no limit.
    ///   - proxies: Addresses of those who may say for whom they ask.
    init(perSecond: Int?, proxies: Set<String>) {
        buckets = Mutex(perSecond.map { RateBuckets(perSecond: $0, burst: $0 * Self.burst) })
        isOn = perSecond != nil
        self.proxies = proxies
    }

    static func isLimited(_ path: String) -> Bool { !unlimited.contains(path) }

    /// - Throws: ``Problem`` (429).
    func take(_ request: Request, _ context: APIRequestContext, by principal: Principal? = nil) throws {
        try take(1, by: principal?.name.map { "token \($0)" } ?? address(request, context))
    }

    /// - Throws: ``Problem`` (429), in place of the refusal.
    func noteRefusal(_ request: Request, _ context: APIRequestContext) throws {
        try take(Self.refusal, by: address(request, context))
    }

    private func take(_ cost: Int, by name: @autoclosure () -> String) throws {
        guard isOn else { return }
        let name = name()
        if let wait = buckets.withLock({ $0?.take(cost, by: name, at: .now) }) { throw Problem.tooMany(wait: wait) }
    }

    private func address(_ request: Request, _ context: APIRequestContext) -> String {
        let peer = context.channel.remoteAddress?.ipAddress ?? ""
        guard proxies.contains(peer), let forwarded = request.headers[Self.forwardedFor] else { return peer }
        // The last one is what the proxy itself saw; those before it anybody may have written.
        let last = forwarded.split(separator: ",").last ?? ""
        return String(last.filter { $0 != " " }.prefix(64))
    }
}
