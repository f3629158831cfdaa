/// Counts what each address spends in a minute, and refuses what is too much: first with 429, and whoever goes on all
/// the same is banned for a while with 418. Pure: time comes from outside, as the time since the server's start.
struct RequestWeightLimiter: Sendable {
    enum Decision: Sendable, Hashable {
        case allowed(used: Int)
        /// Too much: 429.
        case refused(used: Int, retryAfter: Int)
        /// Still too much after many refusals: 418.
        case banned(used: Int, retryAfter: Int)
    }

    private struct Account {
        var minute: Int64
        var used = 0
        var refusals = 0
        var bannedUntil: Duration?
    }

    let limit: Int
    /// How many refusals in a minute are forgiven.
    static let forgivenRefusals = 10
    static let ban: Duration = .seconds(120)

    private var accounts: [String: Account] = [:]

    init(limit: Int) {
        self.limit = limit
    }

    mutating func spend(_ weight: Int, address: String, at now: Duration) -> Decision {
        let minute = now.components.seconds / 60
        var account = accounts[address] ?? Account(minute: minute)
        defer { accounts[address] = account }
        if account.minute != minute {
            account = Account(minute: minute, bannedUntil: account.bannedUntil)
        }
        if let until = account.bannedUntil {
            if now < until { return .banned(used: account.used, retryAfter: Self.seconds(until - now)) }
            account.bannedUntil = nil
            account.refusals = 0
        }
        account.used += weight
        guard account.used > limit else { return .allowed(used: account.used) }
        account.refusals += 1
        guard account.refusals > Self.forgivenRefusals else {
            return .refused(used: account.used, retryAfter: Self.seconds(.seconds((minute + 1) * 60) - now))
        }
        account.bannedUntil = now + Self.ban
        return .banned(used: account.used, retryAfter: Self.seconds(Self.ban))
    }

    /// Whole seconds, rounded up, at least one.
    private static func seconds(_ duration: Duration) -> Int {
        let (seconds, attoseconds) = duration.components
        return max(1, Int(seconds) + (attoseconds > 0 ? 1 : 0))
    }
}
