internal import CLibPQ
import Logging

/// Asks the server to cancel what a connection is executing.
///
/// Unchecked: libpq made the handle a copy of its own, for use on any one thread; it is used on one, once.
final class CancelHandle: @unchecked Sendable {
    private let handle: OpaquePointer

    init(_ handle: OpaquePointer) {
        self.handle = handle
    }

    deinit {
        PQfreeCancel(handle)
    }

    /// Blocks until the server has taken the request (or could not be reached).
    func send(logger: Logger) {
        var message = [CChar](repeating: 0, count: 256)
        let code = message.withUnsafeMutableBufferPointer { buffer in
            PQcancel(handle, buffer.baseAddress, Int32(buffer.count))
        }
        guard code != 1 else { return }
        let text = String(decoding: message.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        logger.debug(
            "Cancel request to PostgreSQL failed",
            metadata: ["postgres.message": "\(ConnectionMessage(text).text)"]
        )
    }
}
