import Exchanges
import FoundationEssentials
import Store
import Strategies
import Testing
import Trading

@testable import HTTPAPI
@testable import tenure

/// What can be started is what this program can run.
struct ModeValidatorTests {
    /// An exchange as it answers when it is asked about one market, or is away.
    private struct Markets: SilentExchange {
        let isAway: Bool

        func market(_ symbol: Symbol) async throws(ExchangeError) -> Market {
            if isAway { throw ExchangeError(.unreachable, "no answer within ten seconds") }
            guard symbol == "BTCUSDT" else { throw ExchangeError(.unknownSymbol, "there is no market \(symbol)") }
            return Market(
                symbol: symbol,
                baseAsset: "BTC",
                quoteAsset: "USDT",
                tickSize: "0.01",
                lotSize: Market.LotSize(minimum: "0.00001", maximum: "9000", step: "0.00001"),
                marketLotSize: nil,
                minimumNotional: "5"
            )
        }
    }

    private func verdict(
        _ change: (inout StartRequest) -> Void,
        isAway: Bool = false,
        live: Set<String> = []
    ) async throws -> StartVerdict {
        var request = StartRequest(
            symbol: "BTCUSDT",
            mode: "scalp",
            interval: .oneMinute,
            exchange: "binance",
            execution: .paper,
            config: nil
        )
        change(&request)
        return try await ModeValidator(registry: .builtIn, exchanges: ["binance": Markets(isAway: isAway)], live: live)
            .validate(request)
    }

    @Test("what can be chosen is what is accepted: every mode with its parameters, and live where orders may leave")
    func choices() async throws {
        var validator = ModeValidator(registry: .builtIn, exchanges: ["binance": Markets(isAway: false)], live: [])
        let choices = validator.choices
        #expect(choices.modes.map(\.name) == StrategyRegistry.builtIn.modeNames)
        #expect(choices.modes.allSatisfy { !$0.summary.isEmpty && $0.parameters["properties"]?["catch_up"] != nil })
        #expect(choices.exchanges == ["binance"])
        #expect(choices.executions == [.paper])
        validator = ModeValidator(registry: .builtIn, exchanges: validator.exchanges, live: ["binance"])
        #expect(validator.choices.executions == [.paper, .live])
    }

    @Test("a valid request gets every parameter filled in")
    func valid() async throws {
        guard case .valid(.object(let config)) = try await verdict({ $0.config = ["fast_period": .number(5)] }) else {
            Issue.record("not valid")
            return
        }
        #expect(config["fast_period"] == .number(5))
        #expect(config["catch_up"] == .string("warm"))
        #expect(config["slow_period"] != nil)
    }

    @Test("everything that is wrong is named at once")
    func problems() async throws {
        let verdict = try await verdict { request in
            request.mode = "no-such-mode"
            request.symbol = "DOGEBTC"
            request.execution = .live
        }
        guard case .invalid(let problems) = verdict else {
            Issue.record("valid")
            return
        }
        #expect(Set(problems.map(\.field)) == ["mode", "symbol", "execution"])
        #expect(problems.contains { $0.field == "mode" && $0.message.contains("scalp") })
    }

    @Test("live is refused where no orders may be sent, and allowed where they may")
    func live() async throws {
        guard case .invalid(let problems) = try await verdict({ $0.execution = .live }) else {
            Issue.record("valid")
            return
        }
        #expect(problems.map(\.field) == ["execution"])
        #expect(problems[0].message.contains("TENURE_ALLOW_LIVE"))
        guard case .valid = try await verdict({ $0.execution = .live }, live: ["binance"]) else {
            Issue.record("not valid")
            return
        }
    }

    @Test("an exchange that does not answer is no verdict on the request")
    func away() async throws {
        await #expect(throws: APIUnavailable.self) { try await verdict({ _ in }, isAway: true) }
    }
}
