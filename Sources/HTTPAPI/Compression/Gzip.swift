import CZlib
import NIOCore

/// The gzip coding (RFC 1952), of whole bodies.
enum Gzip {
    /// How much work is put into it.
    enum Effort: Int32 {
        /// For every answer anew.
        case little = 1
        /// Once, for all who ask.
        case most = 9
    }

    /// Fewer bytes go out as they are: the packet is the same, and the work is saved.
    static let smallest = 1_024

    /// - Returns: Nil if that would not make it smaller.
    static func compress(_ body: ByteBuffer, _ effort: Effort) -> ByteBuffer? {
        guard body.readableBytes >= smallest, body.readableBytes <= Int(Int32.max) else { return nil }
        var stream = z_stream()
        // 16 above the largest window: with the header and the checksum of gzip.
        let start = deflateInit2_(
            &stream,
            effort.rawValue,
            Z_DEFLATED,
            MAX_WBITS + 16,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        precondition(start == Z_OK, "zlib does not start: \(start)")
        defer { deflateEnd(&stream) }
        var result = ByteBuffer()
        // One byte less than there are: what does not fit is not worth it.
        let room = body.readableBytes - 1
        let end = result.writeWithUnsafeMutableBytes(minimumWritableBytes: room) { output in
            body.withUnsafeReadableBytes { input in
                // zlib only reads there, though its type says nothing of it.
                stream.next_in = UnsafeMutablePointer(mutating: input.bindMemory(to: UInt8.self).baseAddress)
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(room)
                return deflate(&stream, Z_FINISH) == Z_STREAM_END ? room - Int(stream.avail_out) : 0
            }
        }
        return end > 0 ? result : nil
    }
}
