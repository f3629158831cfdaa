import Glibc

/// TCP ports on 127.0.0.1.
package enum LoopbackPort {
    /// A port that nobody listens on, chosen by the kernel.
    ///
    /// Nothing reserves it: whoever uses it must be ready to find it taken.
    package static func free() throws -> Int {
        guard let port = bind(port: 0) else {
            throw LocalClusterError(code: .portInUse, message: "no free TCP port on 127.0.0.1")
        }
        return port
    }

    /// Whether a server could listen on this port now.
    package static func isFree(_ port: Int) -> Bool {
        bind(port: UInt16(port)) != nil
    }

    /// Binds as a server would, and lets go again.
    private static func bind(port: UInt16) -> Int? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                Glibc.bind(descriptor, pointer, length) == 0 && listen(descriptor, 1) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        return isBound ? Int(UInt16(bigEndian: address.sin_port)) : nil
    }
}
