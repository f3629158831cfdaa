import NIOCore
import Postgres
import ServiceLifecycle
import Store

/// The event log after a position, as the bytes of a response.
///
/// It is pulled: the next events are looked for when those before are on their way, so a slow reader holds nothing here.
struct EventMessages: AsyncSequence, Sendable {
    let feed: EventFeed
    let queries: StrategyQueries
    let start: Int64
    /// Only this one's.
    let strategy: Int64?
    /// Ends the connection.
    let drop: @Sendable () -> Void

    func makeAsyncIterator() -> Iterator { Iterator(self) }

    final class Iterator: AsyncIteratorProtocol {
        /// A comment is sent after so much silence, so that nobody on the way takes the connection for dead.
        private static let silence = Duration.seconds(15)
        private static let page = 500
        /// Bytes, or a little more: what a slow reader may leave lying here.
        private static let largestWrite = 1 << 16

        private let messages: EventMessages
        private var reader: EventFeed.Reader
        private var wakeUps: AsyncStream<Void>.Iterator
        private var position: Int64
        private var lastWrite = ContinuousClock.now
        private var isNew = true
        private var isBehind = false

        init(_ messages: EventMessages) {
            self.messages = messages
            position = messages.start
            reader = messages.feed.open(dropping: messages.drop)
            wakeUps = reader.wakeUps.makeAsyncIterator()
        }

        deinit {
            messages.feed.close(reader)
        }

        func next() async throws -> ByteBuffer? {
            messages.feed.isWriting(reader, false)
            if isNew {
                isNew = false
                // Whoever loses the connection comes back at once: another replica has the same stream.
                return write("retry: 500\n: events after \(position)\n\n")
            }
            while true {
                if !isBehind {
                    // Ended when it is told to, by a graceful shutdown or by cancellation.
                    let wakeUp: Void? = await withGracefulShutdownHandler {
                        await wakeUps.next()
                    } onGracefulShutdown: { [feed = messages.feed, token = reader.token] in
                        feed.end(token)
                    }
                    guard wakeUp != nil else { return nil }
                }
                let events = try await events()
                isBehind = !events.isEmpty
                var text = ""
                for event in events where text.utf8.count < Self.largestWrite {
                    position = event.id
                    if messages.strategy == nil || event.strategyID == messages.strategy { text += event.message }
                }
                if !text.isEmpty { return write(text) }
                if lastWrite.duration(to: .now) > Self.silence { return write(":\n\n") }
            }
        }

        private func write(_ text: String) -> ByteBuffer {
            lastWrite = .now
            messages.feed.isWriting(reader, true)
            return ByteBuffer(string: text)
        }

        /// What is next; empty if there is nothing, or the database cannot be asked at this moment. A reader is not sent away
        /// for that: a browser that is refused once does not come back.
        private func events() async throws -> [ListedEvent] {
            while true {
                switch messages.feed.next(&reader, after: position) {
                case .nothing: return []
                case .events(let recent): return recent
                case .moved(let new): position = new
                case .stored(let last):
                    do {
                        let stored = try await messages.queries.events(after: position, upTo: last, limit: Self.page)
                        if !stored.isEmpty { return stored }
                        // All that was between is gone.
                        position = last
                    } catch let error as PostgresError where Problem(error) != nil {
                        return []
                    }
                }
            }
        }
    }
}

extension ListedEvent {
    /// As one message of the stream. JSON has no line breaks here, so it is one line of data.
    fileprivate var message: String { "id: \(id)\nevent: \(kind)\ndata: \(json)\n\n" }
}
