import TestSupport
import Testing

@testable import tenure

/// Whatever is set: it is taken, or everything that is wrong is said.
@Suite(.timeLimit(.minutes(60)))
struct SettingsFuzzTests {
    @Test("settings are taken or refused with reasons, whatever they are")
    func settings() {
        let right: [(String, String)] = [
            ("TENURE_PORT", "8080"), ("TENURE_LEASE_TTL", "3s"), ("TENURE_HEARTBEAT_INTERVAL", "500ms"),
            ("TENURE_CAPACITY", "100"), ("TENURE_BINANCE_REST_URL", "https://api.binance.com"),
            ("TENURE_ALLOW_LIVE", "no"),
            ("TENURE_LOG_LEVEL", "info"),
            ("TENURE_API_TOKENS", "a:viewer:\(String(repeating: "0a", count: 32)):2030-01-01"),
            ("TENURE_RATE_LIMIT", "10"), ("TENURE_CONNECTION_LIMIT", "100"), ("TENURE_TRUSTED_PROXIES", "10.0.0.1,::1"),
            ("TENURE_DRAIN_TIMEOUT", "30s"),
        ]
        var mutators = right.enumerated().map { Mutator([$1.1], seed: UInt64($0)) }
        var (taken, refused) = (0, 0)
        for number in 0..<Mutator.cases(otherwise: 1_000) {
            var environment = ["TENURE_DATABASE_URL": "postgres://db/tenure"]
            let index = number % right.count
            environment[right[index].0] = mutators[index].nextText()
            do {
                _ = try Settings(SettingsSource(environment: environment), hostName: "host")
                taken += 1
            } catch {
                refused += 1
                #expect((error as? SettingsError)?.problems.isEmpty == false, "\(environment)")
            }
        }
        #expect(taken > 10 && refused > 10)
    }
}
