import ExchangeSimulator
import Synchronization
import TestSupport
import Testing
import Trading

@testable import Exchanges

@Suite(.timeLimit(.minutes(5))) struct BinanceExchangeTests {
    private static let start = Timestamp(milliseconds: 1_750_000_000_000)

    // MARK: Gapless sequences

    @Test(arguments: 0..<4)
    func `a disturbed replay gives every candle once and in order`(seed: Int) async throws {
        try await Recording.with(candles: 400, gaps: 5, seed: seed) { recording in
            let configuration = SimulatorConfiguration(replayFiles: [recording.file], steps: true, history: 50)
            let cursor = recording.candles[10].openTime
            let candles = recording.candles
            let tally = try await Venue.with(configuration) { venue in
                try await venue.exchange.withMarketEvents("ETHUSDT", .oneMinute, after: cursor) { events in
                    var tally = Tally()
                    var random = SeededGenerator(seed: UInt64(seed))
                    // Candles that the market has closed: the simulator's history at first.
                    var closed = 50
                    for try await event in events {
                        tally.take(event)
                        if tally.closed.count == candles.count - 11 { break }
                        // When all that has happened is delivered, let more happen, in some nasty way.
                        guard tally.joins > 0, tally.closed.count == closed - 11, event.isClosed || tally.isFirstJoin
                        else { continue }
                        tally.isFirstJoin = false
                        if random.chance(15) { try await venue.simulator.disconnect() }
                        if random.chance(10) {
                            try await venue.simulator.faults(#""rest_status":503,"for_requests":3"#)
                        }
                        // What is lost shows in what comes next, so something must come: each step tells of one close.
                        let lost = random.chance(20) ? Int.random(in: 1...4, using: &random) : 0
                        try await venue.simulator.faults(#""drop_stream_events":\#(lost)"#)
                        let steps = min(lost + Int.random(in: 1...10, using: &random), candles.count - closed)
                        closed += steps
                        try await venue.simulator.advance(candles: steps)
                        // Nothing comes after the end: there a reconnection shows what was lost.
                        if random.chance(15) || closed == candles.count { try await venue.simulator.disconnect() }
                    }
                    return tally
                }
            }
            #expect(tally.closed == Array(candles.dropFirst(11)))
            #expect(tally.joins > 1 && tally.interruptions > 1)
            #expect(tally.problems == [])
        }
    }

    @Test func `an old cursor is reached by pages`() async throws {
        try await Recording.with(candles: 3_600, gaps: 1, seed: 7) { recording in
            let configuration = SimulatorConfiguration(replayFiles: [recording.file], steps: true, history: 3_500)
            let candles = recording.candles
            try await Venue.with(configuration) { venue in
                let before = try await venue.simulator.status("requests")
                try await venue.exchange.withMarketEvents("ETHUSDT", .oneMinute, after: candles[0].openTime) { events in
                    var iterator = events.makeAsyncIterator()
                    for candle in candles[1..<3_500] {
                        guard case .closed(candle, _) = try await iterator.next() else {
                            Issue.record("\(candle.openTime) is missing")
                            return
                        }
                    }
                    guard case .joined(let time) = try await iterator.next() else {
                        Issue.record("not joined")
                        return
                    }
                    #expect(time == candles[3_499].openTime + 60_000)
                    try await venue.simulator.advance()
                    #expect(try await iterator.nextClosed()?.candle == candles[3_500])
                }
                // Four pages, each with the clock, and perhaps the last row again.
                #expect(try await venue.simulator.status("requests") - before <= 10)
            }
        }
    }

    @Test func `streamed candles carry the exchange's time, and forming ones follow the last closed`() async throws {
        let configuration = SimulatorConfiguration(steps: true, startTime: Self.start)
        try await Venue.with(configuration) { venue in
            let open = Interval.oneSecond.openTime(containing: Self.start)
            try await venue.exchange.withMarketEvents("BTCUSDT", .oneSecond, after: open - 1_000) { events in
                var iterator = events.makeAsyncIterator()
                #expect(try await iterator.next() == .joined(exchangeTime: Self.start))
                for number in 0..<5 {
                    try await venue.simulator.advance()
                    let closed = try await iterator.nextClosed()
                    #expect(closed?.candle.openTime == open + Int64(number) * 1_000)
                    #expect(closed?.time == open + Int64(number + 1) * 1_000)
                    guard case .forming(let next, _) = try await iterator.next() else {
                        Issue.record("no forming candle")
                        return
                    }
                    #expect(next.openTime == open + Int64(number + 1) * 1_000)
                }
            }
        }
    }

    @Test func `a free running market at a thousand times its speed loses nothing`() async throws {
        let configuration = SimulatorConfiguration(speed: 1_000, startTime: Self.start)
        try await Venue.with(configuration) { venue in
            let cursor = Interval.oneMinute.openTime(containing: Self.start) - 60_000 * 1_500
            let opens = try await venue.exchange.withMarketEvents("ETHUSDT", .oneMinute, after: cursor) { events in
                var opens: [Int64] = []
                for try await event in events {
                    guard case .closed(let candle, let time) = event else { continue }
                    #expect(candle.closeTime(.oneMinute) < time, "a candle that was still forming")
                    opens.append(candle.openTime.since(cursor) / 60_000)
                    if opens.count == 1_510 { break }
                    if opens.count == 1_505 { try await venue.simulator.disconnect() }
                }
                return opens
            }
            #expect(opens == Array(1...1_510))
        }
    }

    // MARK: Many

    @Test func `a market that was listened to is attached before it is followed, and given up when nobody wants it`()
        async throws
    {
        try await Venue.with(SimulatorConfiguration(steps: true)) { venue in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (attached, continuation) = AsyncStream<Void>.makeStream()
                group.addTask {
                    await venue.exchange.listen(
                        to: [("BTCUSDT", .oneMinute), ("ETHUSDT", .oneMinute), ("BTCUSDT", .oneMinute)],
                        for: .seconds(3_600)
                    ) { continuation.finish() }
                }
                for await _ in attached {}
                #expect(try await venue.simulator.status("streams") == 2)
                let cursor = try await venue.exchange.serverTime() - 60_000
                try await venue.exchange.withMarketEvents(
                    "BTCUSDT",
                    .oneMinute,
                    after: Interval.oneMinute.openTime(containing: cursor)
                ) { events in
                    var iterator = events.makeAsyncIterator()
                    while let event = try await iterator.next() {
                        if case .joined = event { break }
                    }
                    #expect(try await venue.simulator.status("streams") == 2)
                }
                group.cancelAll()
            }
            try await eventually("nobody listens") { try await venue.simulator.status("streams") == 0 }
        }
    }

    @Test func `an exchange out of reach keeps nobody waiting who listens`() async throws {
        let exchange = BinanceExchange(configuration: .local(port: 9), logger: .silent)
        let (attached, continuation) = AsyncStream<Void>.makeStream()
        let listening = Task {
            await exchange.listen(to: [("BTCUSDT", .oneMinute)], for: .seconds(3_600)) { continuation.finish() }
        }
        for await _ in attached {}
        listening.cancel()
        await listening.value
    }

    @Test func `two hundred subscriptions at once share a connection`() async throws {
        let configuration = SimulatorConfiguration(steps: true, startTime: Self.start)
        try await Venue.with(configuration) { venue in
            let open = Interval.oneMinute.openTime(containing: Self.start)
            let gate = Gathering(of: 200)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...200 {
                    group.addTask {
                        let symbol = Symbol("SIM\(String(10_000 + number).dropFirst())USDT")!
                        try await venue.exchange.withMarketEvents(symbol, .oneMinute, after: open - 60_000 * 3) {
                            events in
                            var iterator = events.makeAsyncIterator()
                            #expect(try await iterator.nextClosed()?.candle.openTime == open - 60_000 * 2)
                            #expect(try await iterator.nextClosed()?.candle.openTime == open - 60_000)
                            guard case .joined = try await iterator.next() else {
                                Issue.record("not joined")
                                return
                            }
                            await gate.arrive()
                            #expect(try await iterator.nextClosed()?.candle.openTime == open)
                        }
                    }
                }
                await gate.all()
                #expect(try await venue.simulator.status("connections") == 1)
                #expect(try await venue.simulator.status("streams") == 200)
                // The next candle of a minute closes at most sixty closes of a second away.
                try await venue.simulator.advance(candles: 60)
                try await group.waitForAll()
            }
        }
    }

    @Test func `consumers of one market share a stream, and connections are opened as needed`() async throws {
        let configuration = SimulatorConfiguration(steps: true, startTime: Self.start)
        try await Venue.with(configuration, adjust: { $0.streamsPerConnection = 2 }) { venue in
            let gate = Gathering(of: 6)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for symbol in ["BTCUSDT", "BTCUSDT", "BTCUSDT", "ETHUSDT", "LTCUSDT", "ADAUSDT"] as [Symbol] {
                    group.addTask {
                        try await venue.exchange.withMarketEvents(symbol, .oneSecond, after: Self.start) { events in
                            var iterator = events.makeAsyncIterator()
                            guard case .joined = try await iterator.next() else {
                                Issue.record("not joined")
                                return
                            }
                            await gate.arrive()
                            _ = try await iterator.nextClosed()
                        }
                    }
                }
                await gate.all()
                #expect(try await venue.simulator.status("connections") == 2)
                #expect(try await venue.simulator.status("streams") == 4)
                try await venue.simulator.advance(candles: 2)
                try await group.waitForAll()
            }
        }
    }

    @Test func `a crowd that missed nothing asks the clock; one that did asks once for each market`() async throws {
        let configuration = SimulatorConfiguration(steps: true, startTime: Self.start)
        try await Venue.with(configuration) { venue in
            let open = Interval.oneMinute.openTime(containing: Self.start)
            func join(after cursor: Timestamp, missing: Int) async throws -> Int {
                let before = try await venue.simulator.status("requests")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<300 {
                        group.addTask {
                            let symbol = Symbol("SIM000\(number % 3 + 1)USDT")!
                            try await venue.exchange.withMarketEvents(symbol, .oneMinute, after: cursor) { events in
                                var iterator = events.makeAsyncIterator()
                                for _ in 0..<missing { _ = try await iterator.nextClosed() }
                                guard case .joined = try await iterator.next() else {
                                    Issue.record("not joined")
                                    return
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                return try await venue.simulator.status("requests") - before
            }
            // The machine may be slow, and the crowd spread out; but a request for each of them it never is.
            let withoutGap = try await join(after: open - 60_000, missing: 0)
            #expect(withoutGap < 30)
            let withGap = try await join(after: open - 180_000, missing: 2)
            #expect(withGap < 60)
        }
    }

    @Test func `who comes to a stream that has told enough asks for nothing`() async throws {
        let configuration = SimulatorConfiguration(steps: true, startTime: Self.start)
        try await Venue.with(configuration) { venue in
            let open = Interval.oneMinute.openTime(containing: Self.start)
            try await venue.exchange.withMarketEvents("ETHUSDT", .oneMinute, after: open - 60_000) { events in
                var iterator = events.makeAsyncIterator()
                guard case .joined = try await iterator.next() else {
                    Issue.record("not joined")
                    return
                }
                // ETHUSDT closes a minute when the sixtieth second does.
                try await venue.simulator.advance(candles: 180)
                for _ in 0..<3 { _ = try await iterator.nextClosed() }
                guard case .forming = try await iterator.next() else {
                    Issue.record("nothing forms")
                    return
                }
                let before = try await venue.simulator.status("requests")
                try await venue.exchange.withMarketEvents("ETHUSDT", .oneMinute, after: open) { events in
                    var iterator = events.makeAsyncIterator()
                    #expect(try await iterator.nextClosed()?.candle.openTime == open + 60_000)
                    #expect(try await iterator.nextClosed()?.candle.openTime == open + 120_000)
                    guard case .joined = try await iterator.next() else {
                        Issue.record("not joined")
                        return
                    }
                }
                #expect(try await venue.simulator.status("requests") == before)
            }
        }
    }

    // MARK: Markets

    @Test func `rules of markets are read, together and once`() async throws {
        try await Venue.with(SimulatorConfiguration(steps: true, startTime: Self.start)) { venue in
            let market = try await venue.exchange.market("BTCUSDT")
            #expect(market.baseAsset == "BTC" && market.quoteAsset == "USDT")
            #expect(market.tickSize == "0.01" && market.lotSize.step == "0.00001")
            let before = try await venue.simulator.status("requests")
            #expect(try await venue.exchange.market("BTCUSDT") == market)
            #expect(try await venue.simulator.status("requests") == before)
            // While the first is being asked for, the others gather.
            try await venue.simulator.faults(#""rest_delay_ms":1000,"for_requests":1"#)
            let outcomes = await withTaskGroup { group in
                for number in 1...150 {
                    group.addTask {
                        // One of them does not exist, and spoils nothing for the others.
                        let symbol =
                            number == 77 ? "NOSUCHTHING" : Symbol("SIM\(String(10_000 + number).dropFirst())USDT")!
                        do throws(ExchangeError) {
                            return try await venue.exchange.market(symbol).symbol == symbol ? "right" : "wrong"
                        } catch {
                            return error.code.rawValue
                        }
                    }
                }
                return await group.reduce(into: [:]) { $0[$1, default: 0] += 1 }
            }
            #expect(outcomes == ["right": 149, "unknownSymbol": 1])
            #expect(try await venue.simulator.status("requests") - before < 30)
        }
    }

    @Test func `all markets that are listed are asked for at once`() async throws {
        var configuration = SimulatorConfiguration(steps: true, startTime: Self.start)
        configuration.listedMarkets = 300
        try await Venue.with(configuration) { venue in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...300 {
                    let symbol = Symbol("SIM\(String(10_000 + number).dropFirst())USDT")!
                    group.addTask {
                        let market = try await venue.exchange.market(symbol)
                        #expect(market.symbol == symbol)
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await venue.simulator.status("requests") == 1)
        }
    }

    @Test func `names that somebody makes up are asked for seldom, and keep nobody waiting who asks for a market`()
        async throws
    {
        try await Venue.with(SimulatorConfiguration(steps: true, startTime: Self.start)) { venue in
            let (exchange, simulator) = (venue.exchange, venue.simulator)
            await #expect(throws: ExchangeError.self) { try await exchange.market("NOSUCH0") }
            let asked = try await simulator.status("requests")
            await #expect(throws: ExchangeError.self) { try await exchange.market("NOSUCH0") }
            #expect(try await simulator.status("requests") == asked)
            let began = ContinuousClock.now
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...500 {
                    // Given up below.
                    group.addTask { _ = try? await exchange.market(Symbol("NOSUCH\(number)")!) }
                }
                try await eventually("the first questions") { try await simulator.status("requests") >= 20 }
                let between = try await simulator.status("requests")
                for symbol: Symbol in ["BTCUSDT", "ETHUSDT", "SOLUSDT"] { _ = try await exchange.market(symbol) }
                let seconds = Int(began.duration(to: .now) / .seconds(1)) + 1
                #expect(try await simulator.status("requests") <= 22 + seconds)
                #expect(between <= 22 + seconds)
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    @Test func `an unknown symbol is said to be one, everywhere`() async throws {
        try await Venue.with(SimulatorConfiguration(steps: true, startTime: Self.start)) { venue in
            let exchange = venue.exchange
            await #expect(throws: ExchangeError.self) { try await exchange.market("NOSUCHTHING") }
            do throws(ExchangeError) {
                _ = try await exchange.candles("NOSUCHTHING", .oneMinute, from: Self.start, limit: 5)
                Issue.record("no error")
            } catch {
                #expect(error.code == .unknownSymbol)
                #expect(error.exchangeCode == -1121 && error.httpStatus == 400)
            }
            do {
                // Noticed where something was missed: else only the clock is asked, which knows no symbols.
                let cursor = Self.start - 180_000
                try await exchange.withMarketEvents("NOSUCHTHING", .oneMinute, after: cursor) { events in
                    for try await _ in events { Issue.record("an event") }
                }
                Issue.record("no error")
            } catch let error as ExchangeError {
                #expect(error.code == .unknownSymbol)
            }
        }
    }

    @Test func `candles are closed ones, from the time asked for, as many as asked for`() async throws {
        try await Venue.with(SimulatorConfiguration(steps: true, startTime: Self.start + 30_000)) { venue in
            let now = try await venue.exchange.serverTime()
            #expect(now == Self.start + 30_000)
            let forming = Interval.oneMinute.openTime(containing: now)
            let from = forming - 60_000 * 2_500
            let all = try await venue.exchange.candles("BTCUSDT", .oneMinute, from: from, limit: 5_000)
            #expect(all.map(\.openTime) == (0..<2_500).map { from + Int64($0) * 60_000 })
            for limit in [0, 1, 999, 1_000, 1_001] {
                let some = try await venue.exchange.candles("BTCUSDT", .oneMinute, from: from, limit: limit)
                #expect(some == Array(all.prefix(limit)))
            }
            #expect(try await venue.exchange.candles("BTCUSDT", .oneMinute, from: forming, limit: 10) == [])
        }
    }
}

extension MarketEvent {
    var isClosed: Bool { if case .closed = self { true } else { false } }
}

extension MarketEvents.AsyncIterator {
    /// Skips what is not a closed candle.
    mutating func nextClosed() async throws -> (candle: Candle, time: Timestamp)? {
        while let event = try await next() {
            if case .closed(let candle, let time) = event { return (candle, time) }
        }
        return nil
    }
}
