import ExchangeSimulator
import Testing

/// Programs that people use against Binance, against the simulator: markets, candles, the life of an order, account and streams.
@Suite(
    "Other people's clients",
    .timeLimit(.minutes(10)),
    .enabled("\(PythonClients.isMissing)") { try await PythonClients.canBeHad }
)
struct ThirdPartyClientTests {
    @Test("work as they do with Binance", arguments: ["ccxt_client.py", "python_binance.py"])
    func works(program: String) async throws {
        try await withSimulator { simulator in
            let (isSuccess, output) = try await PythonClients.run(program, port: simulator.port)
            #expect(isSuccess, "\(output)")
        }
    }
}
