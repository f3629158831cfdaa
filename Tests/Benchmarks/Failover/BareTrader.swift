import Crypto
import FoundationEssentials
import Glibc
import NIOPosix

/// The least that can stand between a candle and an order: a thread that waits for the candle's frame from the simulator's stream
/// and at once writes an order, signed before, to a connection that is open. It decides nothing, commits nothing, and reads
/// nothing but the word that tells a closed candle.
///
/// What it takes is the exchange's own time, and the machine's for two messages.
final class BareTrader: Sendable {
    private let stream: Int32
    private let orders: Int32
    private let symbol: String

    init(port: Int, symbol: String) throws {
        self.symbol = symbol
        stream = try Self.connect(port)
        orders = try Self.connect(port)
        try Self.write(
            """
            GET /ws/\(symbol.lowercased())@kline_1s HTTP/1.1\r
            host: 127.0.0.1\r
            connection: upgrade\r
            upgrade: websocket\r
            sec-websocket-version: 13\r
            sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r
            \r

            """,
            to: stream
        )
        guard try Self.read(stream, until: "\r\n\r\n").hasPrefix("HTTP/1.1 101") else {
            throw BenchmarkError("the simulator has no stream")
        }
    }

    deinit {
        close(stream)
        close(orders)
    }

    /// Buys a little as soon as the next candle has closed, on a thread that may wait.
    ///
    /// - Parameter time: of the exchange, now, in milliseconds.
    func buy(at time: Int64) async throws {
        let query = "symbol=\(symbol)&side=BUY&type=MARKET&quantity=0.01&recvWindow=60000&timestamp=\(time)"
        let code = HMAC<SHA256>.authenticationCode(
            for: Array(query.utf8),
            using: SymmetricKey(data: Array("simulator-secret".utf8))
        )
        let signature = code.map { String(UInt16($0) | 0x100, radix: 16).dropFirst() }.joined()
        let request = """
            POST /api/v3/order?\(query)&signature=\(signature) HTTP/1.1\r
            host: 127.0.0.1\r
            x-mbx-apikey: simulator-key\r
            content-length: 0\r
            \r

            """
        try await NIOThreadPool.singleton.runIfActive { [stream, orders] in
            _ = try Self.read(stream, until: #""x":true"#)
            try Self.write(request, to: orders)
            let answer = try Self.read(orders, until: "\r\n\r\n")
            guard answer.hasPrefix("HTTP/1.1 200") else { throw BenchmarkError("the simulator refuses: \(answer)") }
        }
    }

    private static func connect(_ port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var (on, limit) = (Int32(1), timeval(tv_sec: 10, tv_usec: 0))
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, 4)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw BenchmarkError("the simulator is not there (\(errno))") }
        return descriptor
    }

    private static func write(_ text: String, to descriptor: Int32) throws {
        var text = text
        let isWritten = text.withUTF8 { Glibc.write(descriptor, $0.baseAddress, $0.count) == $0.count }
        guard isWritten else { throw BenchmarkError("the simulator cannot be written to (\(errno))") }
    }

    /// What has come when it holds `end`.
    private static func read(_ descriptor: Int32, until end: String) throws -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while !text.contains(end) {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { throw BenchmarkError("the simulator says nothing more (\(errno))") }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
        return text
    }
}
