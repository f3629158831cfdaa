internal import CLibPQ

/// COPY, which is alone on its connection: between the server's word that it has begun and the end of its data, libpq has
/// no results, only data.
extension ConnectionDriver {
    enum Copying {
        case out(CopyOutChannel)
        case `in`(CopyInChannel)
    }

    /// The server says that the head's data may flow. False if the head is not a COPY.
    func beginCopy(_ status: ExecStatusType) -> Bool {
        guard let head = machine.head, let entry = pending[head] else { return false }
        switch (entry.request.work, status) {
        case (.copyOut(_, let channel), PGRES_COPY_OUT): copying = .out(channel)
        case (.copyIn(_, let channel), PGRES_COPY_IN): copying = .in(channel)
        default: return false
        }
        // While it waits for data the server does not react to cancel requests.
        if entry.cancelReason != nil { stopCopying() }
        return true
    }

    /// Moves data as far as that goes now. True when the data has ended, and the results follow.
    func continueCopy(_ connection: OpaquePointer) -> Bool {
        switch copying {
        case nil: return true
        case .out(let channel): return receive(into: channel, connection)
        case .in(let channel): return send(from: channel, connection)
        }
    }

    private func receive(into channel: CopyOutChannel, _ connection: OpaquePointer) -> Bool {
        while true {
            let demand = channel.demand()
            if demand == .none { break }
            var row: UnsafeMutablePointer<CChar>?
            let count = PQgetCopyData(connection, &row, 1)
            guard count > 0 else {
                watch(reading: true)
                // 0: more is to come. -1: the end. -2: a failure, which the result tells.
                if count < 0 { copying = nil }
                return count < 0
            }
            defer { PQfreemem(row) }
            guard demand == .rows else {
                headIsAlive()
                continue
            }
            let bytes = Array(UnsafeRawBufferPointer(start: row, count: Int(count)))
            if let consumer = channel.push(bytes) { resume(.copy { consumer.resume(returning: .success(bytes)) }) }
        }
        watch(reading: false)
        return false
    }

    private func send(from channel: CopyInChannel, _ connection: OpaquePointer) -> Bool {
        while true {
            // What has been given to libpq goes first: it would keep any amount.
            let flushed = PQflush(connection)
            watch(writing: flushed == 1)
            guard flushed == 0 else { return false }
            let (taken, producer) = channel.take()
            if let producer { resume(.copy { producer.resume(returning: true) }) }
            guard let step = taken else { return false }
            let code =
                switch step {
                case .piece(let bytes):
                    bytes.withUnsafeBytes {
                        PQputCopyData(connection, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count))
                    }
                case .end: PQputCopyEnd(connection, nil)
                case .failure: PQputCopyEnd(connection, "the client gave up")
                }
            guard code == 1 else {
                lose(PostgresError(.connection, "The data could not be sent: \(libpqMessage)"))
                return false
            }
            if case .piece = step { continue }
            copying = nil
            return true
        }
    }

    /// Its caller does not want it any more: what the server still sends is dropped, what it waits for does not come.
    func stopCopying() {
        switch copying {
        case nil: break
        case .out(let channel): channel.abandon()
        case .in(let channel):
            if let producer = channel.abandon() { resume(.copy { producer.resume(returning: false) }) }
        }
    }
}
