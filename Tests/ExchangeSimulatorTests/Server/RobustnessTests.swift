import ExchangeSimulator
import Logging
import NIOCore
import NIOPosix
import NIOWebSocket
import Testing
import Trading

@Suite("Whatever clients do", .timeLimit(.minutes(5)))
struct RobustnessTests {
    /// Sends bytes over a bare connection, and collects what comes back until it is closed.
    static func exchange(_ bytes: [UInt8], port: Int, thenClose: Bool = false) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: bytes))
            var text = ""
            if thenClose { return text }
            for try await part in inbound { text += String(buffer: part) }
            return text
        }
    }

    @Test("malformed HTTP is answered with 400 or a closed connection, and the next client is served")
    func malformedHTTP() async throws {
        try await withSimulator { simulator in
            let requests = [
                "nonsense\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{0}\u{1}\u{2}\r\n\r\n",
                "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "GET / HTTP/1.1\r\nNo colon\r\n\r\n",
            ]
            for request in requests {
                let answer = try await Self.exchange(Array(request.utf8), port: simulator.port)
                #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400"), "\(request): \(answer)")
            }
            for request in ["GET /api/v3/pi", "POST /sim/faults HTTP/1.1\r\nContent-Length: 100\r\n\r\n{", ""] {
                _ = try await Self.exchange(Array(request.utf8), port: simulator.port, thenClose: true)
            }
            #expect(try await simulator.get("/api/v3/ping").status == 200)
        }
    }

    @Test(
        "a connection is kept for the next request unless the client wants it closed; pipelined requests are answered in turn"
    )
    func keepAlive() async throws {
        try await withSimulator { simulator in
            let requests =
                "GET /api/v3/ping HTTP/1.1\r\nHost: x\r\n\r\nGET /api/v3/nothing HTTP/1.1\r\nHost: x\r\n\r\n"
                + "GET /api/v3/time HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            let answer = try await Self.exchange(Array(requests.utf8), port: simulator.port)
            let statuses = answer.split(separator: "HTTP/1.1 ").compactMap { Int($0.prefix(3)) }
            #expect(statuses == [200, 404, 200])
        }
    }

    @Test("a huge body is refused")
    func hugeBody() async throws {
        try await withSimulator { simulator in
            let answer = try await simulator.post("/sim/faults", String(repeating: " ", count: 2_000_000))
            #expect(answer.status == 413)
        }
    }

    @Test("malformed frames end their own connection and no other")
    func malformedFrames() async throws {
        try await withSimulator { simulator in
            let healthy = try await simulator.webSocket("/ws")
            let frames: [[UInt8]] = [
                // Reserved operation codes, reserved bits, a control frame in pieces, one that is too long, a length of
                // 2⁶³.
                [0x83, 0x80, 0, 0, 0, 0], [0xF1, 0x80, 0, 0, 0, 0], [0x09, 0x80, 0, 0, 0, 0],
                [0x89, 0xFE, 0xFF, 0xFF, 0, 0, 0, 0], [0x81, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
                // A continuation of nothing, and a text of more than a frame may hold.
                [0x80, 0x80, 0, 0, 0, 0], [0x81, 0xFF, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0],
            ]
            for frame in frames {
                let socket = try await simulator.webSocket("/ws/btcusdt@kline_1s")
                try await socket.sendRaw(frame)
                await socket.waitUntilDisconnected()
            }
            // Text that is not UTF-8, or an abyss of brackets, is only answered with an error.
            try await healthy.send(.text, ByteBuffer(bytes: [0xFF, 0xFE, 0x00]))
            #expect(try await healthy.nextJSON()["error"]["code"].integer == 3)
            try await healthy.send(String(repeating: "[", count: 20_000))
            #expect(try await healthy.nextJSON()["error"]["code"].integer == 3)
            // A request in pieces is put together.
            try await healthy.send(.text, ByteBuffer(string: #"{"method":"LIST_SUB"#), fin: false)
            try await healthy.send(.continuation, ByteBuffer(string: #"SCRIPTIONS","id":9}"#))
            #expect(try await healthy.nextJSON()["id"].integer == 9)
            try await healthy.close()
        }
    }

    @Test("a port that is taken is named")
    func takenPort() async throws {
        try await withSimulator { simulator in
            let server = try SimulatorServer(
                configuration: SimulatorConfiguration(port: simulator.port),
                logger: Logger(label: "simulator", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            let error = await #expect(throws: SimulatorError.self) { try await server.run() }
            #expect(error?.code == .cannotListen && error?.message.contains("127.0.0.1:\(simulator.port)") == true)
            await #expect(throws: SimulatorError.self) { try await server.port }
        }
    }

    @Test("stopping closes every connection, and the port is told no more")
    func stops() async throws {
        let server = try SimulatorServer(
            configuration: SimulatorConfiguration(),
            logger: Logger(label: "simulator", factory: { _ in SwiftLogNoOpLogHandler() })
        )
        try await withThrowingTaskGroup { group in
            group.addTask { try await server.run() }
            let socket = try await WebSocketClient.connect(port: try await server.port, target: "/ws")
            group.cancelAll()
            await socket.waitUntilDisconnected()
            try await group.waitForAll()
        }
        await #expect(throws: SimulatorError.self) { try await server.port }
    }
}
