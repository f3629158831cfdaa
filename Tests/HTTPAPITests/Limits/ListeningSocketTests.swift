import Glibc
import HTTPAPI
import NIOCore
import NIOPosix
import Synchronization
import TestSupport
import Testing

@Suite("A listening socket", .timeLimit(.minutes(5)))
struct ListeningSocketTests {
    @Test("that is to go lets nobody in any more, and waits until all that are in have been taken")
    func leaving() async throws {
        let taken = Mutex(0)
        // Nobody is taken, as if the processor were busy elsewhere.
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 16)
            .serverChannelOption(.autoRead, value: false)
            .childChannelInitializer { channel in
                taken.withLock { $0 += 1 }
                return channel.eventLoop.makeSucceededVoidFuture()
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        let port = try #require(channel.localAddress?.port)
        var early = IdleConnections()
        for _ in 0..<5 { try await early.open(port: port) }
        let listening = ListeningSocket()
        listening.opened(channel)

        let hasGone = Mutex(false)
        let leaving = Task {
            await listening.letNobodyIn()
            hasGone.withLock { $0 = true }
        }
        // Whoever knocks now is not let in; but is not turned away either, before it is over.
        var knock = try await Self.knock(at: port)
        try await eventually("nobody is let in") {
            // Until the socket has been told.
            guard Self.isIn(knock) else { return true }
            close(knock)
            knock = try await Self.knock(at: port)
            return false
        }
        try await Task.sleep(for: .milliseconds(300))
        #expect(!hasGone.withLock(\.self) && !Self.isIn(knock) && taken.withLock(\.self) == 0)

        try await channel.setOption(.autoRead, value: true).get()
        await leaving.value
        #expect(taken.withLock(\.self) >= 5)
        try await channel.close().get()
        try await eventually("the port is closed") { Self.error(of: knock) == ECONNREFUSED }
        close(knock)
        early.close()
    }

    /// Sends the first packet of a connection, and gives it the time of a connection that is let in.
    private static func knock(at port: Int) async throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try await Task.sleep(for: .milliseconds(50))
        return descriptor
    }

    /// Whether the connection stands.
    private static func isIn(_ descriptor: Int32) -> Bool {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) == 0 }
        }
    }

    /// Takes it: it is told once.
    private static func error(of descriptor: Int32) -> Int32 {
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
        return error
    }
}
