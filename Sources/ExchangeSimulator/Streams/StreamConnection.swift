import NIOCore
import NIOWebSocket
import Synchronization

/// The sending side of one WebSocket connection.
///
/// What waits to be sent is bounded: a reader that is too slow is disconnected, as on Binance, rather than kept waiting
/// for ever older events.
final class StreamConnection: Sendable {
    let id: UInt64
    private let channel: any Channel
    private let limit: Int
    private let waiting = Atomic<Int>(0)
    private let combined: Atomic<Bool>

    init(id: UInt64, channel: any Channel, isCombined: Bool, limit: Int) {
        self.id = id
        self.channel = channel
        self.limit = limit
        combined = Atomic(isCombined)
    }

    /// Whether events come wrapped with the name of their stream.
    var isCombined: Bool {
        get { combined.load(ordering: .relaxed) }
        set { combined.store(newValue, ordering: .relaxed) }
    }

    /// Sends texts, in order, or closes the connection if too much is waiting already.
    ///
    /// - Parameter delay: what is sent meanwhile overtakes them.
    func send(_ texts: [ByteBuffer], after delay: Duration? = nil) {
        if let delay {
            channel.eventLoop.scheduleTask(in: TimeAmount(delay)) { self.send(texts) }
            return
        }
        let bytes = texts.reduce(0) { $0 + $1.readableBytes }
        guard bytes > 0 else { return }
        guard waiting.add(bytes, ordering: .relaxed).newValue <= limit else {
            channel.close(promise: nil)
            return
        }
        channel.eventLoop.execute { [self] in
            guard channel.isActive else { return }
            let written = channel.eventLoop.makePromise(of: Void.self)
            written.futureResult.whenComplete { _ in self.waiting.subtract(bytes, ordering: .relaxed) }
            for (index, text) in texts.enumerated() {
                let frame = WebSocketFrame(fin: true, opcode: .text, data: text)
                channel.write(frame, promise: index == texts.count - 1 ? written : nil)
            }
            channel.flush()
        }
    }

    /// Cuts the connection, without a word of farewell.
    func drop() {
        channel.close(promise: nil)
    }
}
