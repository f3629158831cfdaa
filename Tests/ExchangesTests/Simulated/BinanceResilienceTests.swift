import ExchangeSimulator
import LocalCluster
import Logging
import Synchronization
import Testing
import Trading

@testable import Exchanges

/// What happens when the exchange is away, silent, slow or cross, and when this side goes away.
@Suite(.timeLimit(.minutes(5))) struct BinanceResilienceTests {
    private static let start = Timestamp(milliseconds: 1_750_000_000_000)
    private static let stepped = SimulatorConfiguration(steps: true, startTime: start)

    @Test func `an exchange that is down at first is joined when it comes`() async throws {
        let port = try LoopbackPort.free()
        let log = LogRecorder()
        let exchange = BinanceExchange(configuration: .local(port: port), logger: log.logger)
        var configuration = Self.stepped
        configuration.port = port
        let server = try SimulatorServer(configuration: configuration, logger: .silent)
        try await withThrowingTaskGroup { group in
            group.addTask { try await exchange.run() }
            try await exchange.withMarketEvents("BTCUSDT", .oneSecond, after: Self.start - 10_000) { events in
                var iterator = events.makeAsyncIterator()
                guard case .interrupted = try await iterator.next() else {
                    Issue.record("not told that the exchange is away")
                    return
                }
                group.addTask { try await server.run() }
                for number in 1..<10 as Range<Int64> {
                    let open = try await iterator.nextClosed()?.candle.openTime
                    #expect(open == Self.start - 10_000 + number * 1_000)
                }
                #expect(try await iterator.next() == .joined(exchangeTime: Self.start))
            }
            // Before the simulator ends, and a connection with it.
            #expect(log.lines.count { $0.hasPrefix("warning Lost the market stream") } == 1)
            #expect(log.lines.count { $0.hasPrefix("info Market stream is back") } == 1)
            group.cancelAll()
        }
    }

    @Test func `an exchange that is away for a while is met again without a gap`() async throws {
        try await Venue.with(Self.stepped) { venue in
            try await venue.exchange.withMarketEvents("BTCUSDT", .oneSecond, after: Self.start - 1_000) { events in
                var iterator = events.makeAsyncIterator()
                #expect(try await iterator.next() == .joined(exchangeTime: Self.start))
                try await venue.simulator.faults(#""refuse_connections_ms":300"#)
                try await venue.simulator.disconnect()
                guard case .interrupted = try await iterator.next() else {
                    Issue.record("not told of the interruption")
                    return
                }
                for number in 0..<5 as Range<Int64> {
                    // Only the first can be asked for while connections are refused: the control shares the port.
                    if number > 0 { try await venue.simulator.advance() }
                    if number == 0 {
                        #expect(try await iterator.next() == .joined(exchangeTime: Self.start))
                        try await venue.simulator.advance()
                    }
                    #expect(try await iterator.nextClosed()?.candle.openTime == Self.start + number * 1_000)
                }
            }
        }
    }

    @Test func `a slow consumer loses nothing although its buffer is small`() async throws {
        try await Venue.with(Self.stepped, adjust: { $0.bufferedCandles = 3 }) { venue in
            try await venue.exchange.withMarketEvents("BTCUSDT", .oneSecond, after: Self.start - 1_000) { events in
                var iterator = events.makeAsyncIterator()
                #expect(try await iterator.next() == .joined(exchangeTime: Self.start))
                for round in 0..<3 as Range<Int64> {
                    try await venue.simulator.advance(candles: 50)
                    for number in 0..<50 as Range<Int64> {
                        let open = try await iterator.nextClosed()?.candle.openTime
                        #expect(open == Self.start + (round * 50 + number) * 1_000)
                    }
                }
            }
        }
    }

    @Test func `connections are renewed before their time without an interruption`() async throws {
        let log = LogRecorder()
        let adjust = { @Sendable (configuration: inout BinanceConfiguration) in
            configuration.connectionLifetime = .milliseconds(300)
            configuration.renewalOverlap = .milliseconds(50)
        }
        // A market that runs, a candle in ten milliseconds.
        let running = SimulatorConfiguration(speed: 100, startTime: Self.start)
        try await Venue.with(running, logger: log.logger, adjust: adjust) { venue in
            try await venue.exchange.withMarketEvents("BTCUSDT", .oneSecond, after: Self.start - 1_000) { events in
                var expected = Self.start
                for try await event in events {
                    switch event {
                    case .interrupted(let reason): Issue.record("interrupted: \(reason)")
                    case .closed(let candle, _):
                        #expect(candle.openTime == expected)
                        expected = expected + 1_000
                        if log.lines.count(where: { $0.contains("(renewed)") }) >= 3 { return }
                    case .joined, .forming: break
                    }
                }
            }
            // Before the simulator ends, and a connection with it.
            #expect(!log.lines.contains { $0.hasPrefix("warning") })
        }
    }

    @Test func `a silent connection that answers a ping is kept`() async throws {
        let log = LogRecorder()
        let adjust = { @Sendable (configuration: inout BinanceConfiguration) in
            configuration.silenceBeforePing = .milliseconds(20)
            configuration.pingTimeout = .seconds(240)
        }
        try await Venue.with(Self.stepped, logger: log.logger, adjust: adjust) { venue in
            try await venue.exchange.withMarketEvents("BTCUSDT", .oneSecond, after: Self.start - 1_000) { events in
                var iterator = events.makeAsyncIterator()
                #expect(try await iterator.next() == .joined(exchangeTime: Self.start))
                // Some silence, in the exchange's own measure: requests that it holds back.
                try await venue.simulator.faults(#""rest_delay_ms":150,"for_requests":1"#)
                _ = try await venue.exchange.serverTime()
                try await venue.simulator.advance()
                #expect(try await iterator.nextClosed()?.candle.openTime == Self.start)
            }
            #expect(!log.lines.contains { $0.hasPrefix("warning") })
        }
    }

    // MARK: REST

    @Test func `failures of the exchange are tried again`() async throws {
        try await Venue.with(Self.stepped) { venue in
            try await venue.simulator.faults(#""rest_status":503,"for_requests":3"#)
            #expect(try await venue.exchange.serverTime() == Self.start)
            try await venue.simulator.faults(#""rest_status":503,"for_requests":4"#)
            do throws(ExchangeError) {
                _ = try await venue.exchange.serverTime()
                Issue.record("no error")
            } catch {
                #expect(error.code == .unreachable && error.httpStatus == 503)
            }
        }
    }

    @Test func `an answer that takes too long is given up and asked for again`() async throws {
        try await Venue.with(Self.stepped, adjust: { $0.requestTimeout = .seconds(3) }) { venue in
            try await venue.simulator.faults(#""rest_delay_ms":600000,"for_requests":1"#)
            #expect(try await venue.exchange.serverTime() == Self.start)
        }
    }

    @Test func `after a refusal for too many requests nothing is asked until the penalty is over`() async throws {
        let log = LogRecorder()
        try await Venue.with(Self.stepped, logger: log.logger, adjust: { $0.penalty = .milliseconds(300) }) { venue in
            try await venue.simulator.faults(#""rest_status":429,"for_requests":1"#)
            let clock = ContinuousClock()
            let before = clock.now
            #expect(try await venue.exchange.serverTime() == Self.start)
            #expect(before.duration(to: clock.now) >= .milliseconds(300))
        }
        #expect(log.lines.count { $0.hasPrefix("warning Exchange limits requests") } == 1)
    }

    @Test func `a penalty longer than anybody should wait refuses at once, without asking`() async throws {
        var configuration = Self.stepped
        configuration.weightLimit = 2
        try await Venue.with(configuration, adjust: { $0.longestQueueing = .zero }) { venue in
            _ = try await venue.exchange.serverTime()
            _ = try await venue.exchange.serverTime()
            for _ in 0..<3 {
                do throws(ExchangeError) {
                    _ = try await venue.exchange.serverTime()
                    Issue.record("no error")
                } catch {
                    #expect(error.code == .rateLimited)
                    #expect(error.retryAfter ?? .zero > .zero)
                }
            }
            #expect(try await venue.simulator.status("requests") == 3)
        }
    }

    @Test func `the exchange's own limit is learnt with the rules, and kept`() async throws {
        var configuration = Self.stepped
        configuration.weightLimit = 25
        try await Venue.with(configuration, adjust: { $0.longestQueueing = .milliseconds(50) }) { venue in
            _ = try await venue.exchange.market("BTCUSDT")
            var answered = 0
            for _ in 0..<8 {
                do throws(ExchangeError) {
                    _ = try await venue.exchange.serverTime()
                    answered += 1
                } catch {
                    #expect(error.code == .rateLimited && error.httpStatus == nil, "refused by the exchange, not here")
                }
            }
            #expect(answered == 5)
            #expect(try await venue.simulator.status("requests") == 6)
        }
    }

    @Test func `something else that answers under the URL is no exchange`() async throws {
        try await Venue.with(Self.stepped) { venue in
            let configuration = BinanceConfiguration(
                restURL: "http://127.0.0.1:\(venue.simulator.port)/sim/status?",
                streamURL: "ws://127.0.0.1:\(venue.simulator.port)"
            )
            let exchange = BinanceExchange(configuration: configuration, logger: .silent)
            do throws(ExchangeError) {
                _ = try await exchange.serverTime()
                Issue.record("no error")
            } catch {
                #expect(error.code == .malformed)
            }
        }
    }

    // MARK: Ends

    @Test func `shutting down ends the sequences and the run`() async throws {
        try await Venue.with(Self.stepped) { venue in
            let exchange = BinanceExchange(configuration: .local(port: venue.simulator.port), logger: .silent)
            try await withThrowingTaskGroup { group in
                group.addTask { try await exchange.run() }
                try await exchange.withMarketEvents("BTCUSDT", .oneSecond, after: Self.start - 1_000) { events in
                    var iterator = events.makeAsyncIterator()
                    #expect(try await iterator.next() == .joined(exchangeTime: Self.start))
                    exchange.shutDown()
                    while let event = try await iterator.next() { #expect(!event.isClosed) }
                }
                try await group.waitForAll()
            }
            // Later ones end at once.
            let events = try await exchange.withMarketEvents("BTCUSDT", .oneSecond, after: Self.start) { events in
                try await events.reduce(0) { count, _ in count + 1 }
            }
            #expect(events == 0)
        }
    }

    @Test func `shutting down while the exchange is out of reach ends at once`() async throws {
        let port = try LoopbackPort.free()
        let exchange = BinanceExchange(configuration: .local(port: port), logger: .silent)
        try await withThrowingTaskGroup { group in
            group.addTask { try await exchange.run() }
            try await exchange.withMarketEvents("BTCUSDT", .oneSecond, after: Self.start) { events in
                var iterator = events.makeAsyncIterator()
                guard case .interrupted = try await iterator.next() else {
                    Issue.record("not told that the exchange is away")
                    return
                }
                exchange.shutDown()
                while try await iterator.next() != nil {}
            }
            try await group.waitForAll()
        }
    }

    @Test func `a cancelled consumer stops waiting`() async throws {
        try await Venue.with(Self.stepped) { venue in
            let outcome = await withTaskGroup { group in
                let gate = Gathering(of: 1)
                group.addTask {
                    do {
                        try await venue.exchange.withMarketEvents("BTCUSDT", .oneSecond, after: Self.start) { events in
                            for try await event in events { if case .joined = event { await gate.arrive() } }
                        }
                        return "ended"
                    } catch is CancellationError {
                        return "cancelled"
                    } catch {
                        return "\(error)"
                    }
                }
                await gate.all()
                group.cancelAll()
                return await group.next()
            }
            #expect(outcome == "cancelled")
        }
    }

    @Test func `a cancelled request says so and leaves its place to others`() async throws {
        try await Venue.with(Self.stepped, adjust: { $0.concurrentRequests = 1 }) { venue in
            try await venue.simulator.faults(#""rest_delay_ms":600000,"for_requests":1"#)
            await withTaskGroup { group in
                for _ in 0..<3 {
                    group.addTask {
                        do throws(ExchangeError) {
                            _ = try await venue.exchange.serverTime()
                            Issue.record("no error")
                        } catch {
                            #expect(error.code == .cancelled)
                        }
                    }
                }
                group.cancelAll()
            }
            try await venue.simulator.faults(#""rest_delay_ms":0,"for_requests":0"#)
            #expect(try await venue.exchange.serverTime() == Self.start)
        }
    }
}
