import Glibc
import Synchronization

/// TCP ports on 127.0.0.1.
package enum LoopbackPort {
    /// Below the range from which Linux takes the local ports of outgoing connections: one of those could take the port
    /// of a server while it restarts.
    private static let range = 15_000..<32_000
    private static let givenOut = Mutex<Set<Int>>([])

    /// A port that nobody listens on, and that this process gives out once only.
    ///
    /// Nothing keeps other processes from it: whoever uses it must be ready to find it taken.
    package static func free() throws -> Int {
        for _ in 0..<1_000 {
            let port = Int.random(in: range)
            if isFree(port), givenOut.withLock({ $0.insert(port).inserted }) { return port }
        }
        throw LocalClusterError(code: .portInUse, message: "No free TCP port was found on 127.0.0.1.")
    }

    /// This port if nobody listens on it, else any free one.
    package static func free(preferring port: Int) throws -> Int {
        isFree(port) && givenOut.withLock({ $0.insert(port).inserted }) ? port : try free()
    }

    /// Whether a server could listen on this port now.
    package static func isFree(_ port: Int) -> Bool {
        withSocket(port: port) { descriptor, address, length in
            // As servers do, so that connections that are still closing do not count.
            var yes: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            return bind(descriptor, address, length) == 0 && listen(descriptor, 1) == 0
        }
    }

    /// Whether somebody listens on this port.
    package static func accepts(_ port: Int) -> Bool {
        withSocket(port: port) { connect($0, $1, $2) == 0 }
    }

    static func withSocket(
        port: Int,
        _ body: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
