package import Exchanges
package import Logging
package import Postgres
package import Store

/// Lets all replicas keep a pause that the exchange has demanded of one: its limits are those of a network address, and of an
/// account, whoever asks.
///
/// Nothing of this is on the way of a request. A replica that is told to wait writes that down, once; the others are notified,
/// read it, and keep it as if they had been told themselves. Who was not listening reads it when it listens again. And what is
/// not heard at all costs one request more, which is answered in the same way.
package struct PauseWatcher: Sendable {
    private let exchange: BinanceExchange
    private let address: String
    private let repository: PauseRepository
    private let listener: PostgresListener
    private let logger: Logger

    /// - Parameter address: the same for all replicas that reach the exchange from the same network address.
    package init(
        exchange: BinanceExchange,
        address: String,
        repository: PauseRepository,
        listener: PostgresListener,
        logger: Logger
    ) {
        self.exchange = exchange
        self.address = address
        self.repository = repository
        self.listener = listener
        self.logger = logger
    }

    /// Until the task is cancelled.
    package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await pause in exchange.pauses { await tell(pause) }
            }
            for await event in listener.subscribe() {
                switch event {
                case .connected: await look()
                case .notification(_, let payload, _): if payload.hasPrefix("pause ") { await look() }
                case .lost: break
                }
            }
            group.cancelAll()
        }
    }

    private func tell(_ pause: ExchangePause) async {
        await retry {
            let left = ContinuousClock.now.duration(to: pause.end)
            guard left > .zero else { return }
            try await repository.tell(exchange.name, name(pause.scope), left: left)
        }
    }

    private func look() async {
        await retry {
            let pauses = try await repository.current(exchange.name)
            for scope in ExchangePause.Scope.allCases {
                guard let left = pauses[name(scope)] else { continue }
                exchange.keep(ExchangePause(scope: scope, end: .now + left))
            }
        }
    }

    private func name(_ scope: ExchangePause.Scope) -> String {
        switch scope {
        case .address: "address \(address)"
        case .account: "account"
        }
    }

    private func retry(_ body: () async throws -> Void) async {
        let backOff = BackOffPolicy(initial: .milliseconds(50), maximum: .seconds(1))
        var attempt = 0
        while !Task.isCancelled {
            do {
                return try await body()
            } catch {
                logger.debug("A pause could not be shared; trying again", metadata: ["error": "\(error)"])
            }
            attempt += 1
            // The database is away. Cancellation ends the loop.
            try? await Task.sleep(for: backOff.delay(attempt: attempt))
        }
    }
}
