import Glibc

/// A TCP connection that sends just what it is told to.
///
/// It never blocks: the server's own work needs the threads that tests run on.
struct RawConnection: ~Copyable {
    struct Failure: Error { let errno: Int32 }

    private let descriptor: Int32

    init(port: Int) async throws {
        descriptor = try await Self.open(port: port)
    }

    deinit { close(descriptor) }

    /// A socket with a connection to this machine.
    static func open(port: Int) async throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        while true {
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            // Asked again, it tells how the first attempt went.
            switch result == 0 ? EISCONN : errno {
            case EISCONN: return descriptor
            case EINPROGRESS, EALREADY: try await Task.sleep(for: .milliseconds(1))
            case let reason:
                close(descriptor)
                throw Failure(errno: reason)
            }
        }
    }

    /// Whether it was taken.
    @discardableResult
    func send(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        return Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    }

    /// What comes until the other side closes the connection, or until all of `end` is in it; nil if neither happens for two minutes.
    func readToTheEnd(or end: String? = nil) async throws -> String? {
        let began = ContinuousClock.now
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var text: [UInt8] = []
        while began.duration(to: .now) < .seconds(120) {
            let count = read(descriptor, &buffer, buffer.count)
            if count > 0 {
                text += buffer[..<count]
                if let end, String(decoding: text, as: UTF8.self).contains(end) {
                    return String(decoding: text, as: UTF8.self)
                }
            } else if count < 0, errno == EAGAIN {
                try await Task.sleep(for: .milliseconds(5))
            } else {
                return count == 0 || errno == ECONNRESET ? String(decoding: text, as: UTF8.self) : nil
            }
        }
        return nil
    }
}
