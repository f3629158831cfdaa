import Exchanges
import FoundationEssentials
import Trading

extension Doctor {
    /// Off by more than this, a clock is wrong, not imprecise.
    private static let tolerance = Duration.seconds(1)

    /// Whether it answers, how far the clock of this machine is from its own, and what the key may do.
    func examineExchange() async -> [Finding] {
        var configuration = settings.binance
        configuration.requestTimeout = Self.patience
        configuration.connectTimeout = Self.patience
        configuration.requestAttempts = 1
        let exchange = BinanceExchange(configuration: configuration, logger: logger)
        defer { exchange.shutDown() }
        let asked = Date()
        let time: Timestamp
        do {
            time = try await exchange.serverTime()
        } catch {
            return [
                .error(
                    "exchange.reachable",
                    "\(configuration.restURL) does not answer as Binance does: \(error.message)",
                    "Check the way out (firewall, proxy, DNS), and TENURE_BINANCE_REST_URL."
                )
            ]
        }
        let answered = Date()
        var findings: [Finding] = [.ok("exchange.reachable", "\(configuration.restURL) answers")]
        findings.append(Self.clock(time, asked: asked, answered: answered))
        findings.append(await examineAccount(exchange))
        return findings
    }

    private static func clock(_ time: Timestamp, asked: Date, answered: Date) -> Finding {
        // It was told at some moment between the two.
        let seconds = Double(time.milliseconds) / 1_000
        let offset = max(asked.timeIntervalSince1970 - seconds, 0) + min(answered.timeIntervalSince1970 - seconds, 0)
        let milliseconds = Int((offset * 1_000).rounded())
        guard Duration.milliseconds(milliseconds.magnitude) > tolerance else {
            return .ok("exchange.clock", "this machine's clock agrees with the exchange's")
        }
        return .warning(
            "exchange.clock",
            "this machine's clock is \(milliseconds.magnitude) ms \(milliseconds > 0 ? "ahead of" : "behind") the exchange's",
            "Let it be set by NTP (chrony, systemd-timesyncd). Orders are signed with the exchange's time all the same, but logs "
                + "and certificates are not."
        )
    }

    private func examineAccount(_ exchange: BinanceExchange) async -> Finding {
        guard let trading = exchange.trading else {
            return .ok(
                "exchange.account",
                "no live orders leave (TENURE_ALLOW_LIVE is not set): no account is asked for"
            )
        }
        do {
            guard try await trading.account().canTrade else {
                return .error(
                    "exchange.account",
                    "the account may not trade",
                    "Enable spot trading for the API key and the account at the exchange."
                )
            }
            return .ok("exchange.account", "the key may trade")
        } catch {
            let advice =
                switch error.exchangeCode {
                case -1022: "TENURE_BINANCE_API_SECRET is not the secret of this key: correct it."
                case -2014, -2015:
                    "Correct TENURE_BINANCE_API_KEY; let the key read and trade, from this machine's address."
                case -1021: "The machine's way to the exchange is too slow, or its clock jumps."
                default: "See what the exchange says about it."
                }
            return .error("exchange.account", error.message, advice)
        }
    }
}
