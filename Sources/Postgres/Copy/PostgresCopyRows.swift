/// What a `COPY … TO STDOUT` sends, for one task to iterate: each element is one row in the format that was asked for, in
/// text format with its line feed.
package struct PostgresCopyRows: AsyncSequence, Sendable {
    package typealias Element = [UInt8]
    package typealias Failure = PostgresError

    let channel: CopyOutChannel

    package func makeAsyncIterator() -> Iterator {
        Iterator(channel: channel)
    }

    package struct Iterator: AsyncIteratorProtocol {
        let channel: CopyOutChannel

        /// nil when all has been read.
        package mutating func next() async throws(PostgresError) -> [UInt8]? {
            try await channel.next().get()
        }

        package mutating func next(isolation actor: isolated (any Actor)?) async throws(PostgresError) -> [UInt8]? {
            try await channel.next().get()
        }
    }
}
