import ExchangeSimulator
import TestSupport
import Testing

private let python = PythonEnvironment(name: "clients", packages: ["ccxt==4.5.90", "python-binance==1.0.37"])

/// Programs that people use against Binance, against the simulator: markets, candles, the life of an order, account and streams.
@Suite(
    "Other people's clients",
    .timeLimit(.minutes(10)),
    .enabled("\(python.isMissing)") { try await python.canBeHad }
)
struct ThirdPartyClientTests {
    @Test("work as they do with Binance", arguments: ["ccxt_client.py", "python_binance.py"])
    func works(program: String) async throws {
        try await withSimulator { simulator in
            let (isSuccess, output) = try await python.run(
                "Tests/ExchangeSimulatorTests/Clients/Programs/\(program)",
                ["\(simulator.port)"]
            )
            #expect(isSuccess, "\(output)")
        }
    }
}
