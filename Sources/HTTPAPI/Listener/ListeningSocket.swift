package import NIOCore
import Synchronization

/// The socket at which connections arrive, and how it stops without losing one.
///
/// A connection stands as soon as the kernel has let it in, and a client may have sent its request by then; what waits to be
/// taken when the socket is closed is reset, though, and whoever sent a `POST` cannot know whether it was carried out. So nobody is
/// let in any more first (a client that knocks finds the port closed a moment later, and asks another replica), then all that
/// wait are taken, and only then the socket may go.
package final class ListeningSocket: Sendable {
    private let channel = Mutex<(any Channel)?>(nil)

    package init() {}

    package func opened(_ channel: any Channel) { self.channel.withLock { $0 = channel } }

    /// Lets nobody in any more. Returns when those that are in have been taken and have had a moment to say what they want.
    package func letNobodyIn() async {
        guard let socket = channel.withLock({ $0 }) as? any SocketOptionProvider else { return }
        do {
            try await socket.unsafeSetSocketOption(level: Self.socketLevel, name: Self.filter, value: FilterProgram())
                .get()
            let deadline = ContinuousClock.now + Self.patience
            while try await waiting(at: socket) > 0, ContinuousClock.now < deadline {
                try await Task.sleep(for: .milliseconds(2))
            }
            try await Task.sleep(for: Self.moment)
        } catch {
            // A kernel that does not know this loses what arrives in the last moment, and so does whoever cannot wait.
        }
    }

    /// With the first packet of a connection its last one has come, a round trip later; and a request soon after.
    private static let moment = Duration.milliseconds(100)
    /// What a process that has the processor now and then needs for a full queue, and more.
    private static let patience = Duration.seconds(2)

    /// How many connections stand that have not been taken.
    private func waiting(at socket: any SocketOptionProvider) async throws -> UInt32 {
        let state: ListenerState = try await socket.unsafeGetSocketOption(level: Self.tcpLevel, name: Self.tcpInfo)
            .get()
        return UInt32(truncatingIfNeeded: state.queue)
    }

    // <asm-generic/socket.h>, <linux/tcp.h>
    private static let socketLevel = SocketOptionLevel(1)
    private static let filter = SocketOptionName(26)
    private static let tcpLevel = SocketOptionLevel(6)
    private static let tcpInfo = SocketOptionName(11)
}

/// The beginning of `struct tcp_info`. Of a socket that listens, the lower half of `queue` is the number of connections that wait.
private struct ListenerState: Sendable {
    var other: (UInt64, UInt64, UInt64) = (0, 0, 0)
    var queue: UInt64 = 0
}

/// A `struct sock_fprog` that drops what opens a connection (SYN without ACK) and lets all else through.
private struct FilterProgram: Sendable {
    let length = UInt64(Self.instructions.count)
    let address = Self.address

    /// `code | jt << 16 | jf << 24 | k << 32`, as `struct sock_filter` lies in memory.
    private static let instructions: [UInt64] = [
        0x0000_000D_0000_0030,  // load the byte at 13, the flags
        0x0000_0012_0000_0054,  // of them SYN and ACK
        0x0000_0002_0100_0015,  // SYN alone: go on, else skip one
        0x0000_0000_0000_0006,  // drop
        0xFFFF_FFFF_0000_0006,  // keep
    ]

    /// Where the kernel reads them from. Never freed: there is one.
    private static let address: UInt64 = {
        let memory = UnsafeMutablePointer<UInt64>.allocate(capacity: instructions.count)
        memory.initialize(from: instructions, count: instructions.count)
        return UInt64(UInt(bitPattern: memory))
    }()
}
