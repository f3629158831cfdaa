internal import CLibPQ

extension ConnectionDriver {
    /// Hands libpq what may be sent. True if any of it is to leave now.
    func sendWaiting() -> Bool {
        var mustFlush = false
        while !isFinished, let connection, let action = machine.nextSend() {
            if case .reading = action {} else { mustFlush = true }
            switch action {
            case .pipelined(let id), .reading(let id):
                if let entry = pending[id], case .statement(let statement) = entry.request.work {
                    send(statement, of: entry, on: connection)
                    if case .pipelined = action { sendSync(on: connection) }
                } else if let name = deallocations.removeValue(forKey: id) {
                    sendDeallocate(name, on: connection)
                } else {
                    preconditionFailure("a statement without its text: \(id)")
                }
            case .sync: sendSync(on: connection)
            case .alone(let id):
                guard let text = pending[id]?.request.text else {
                    preconditionFailure("a script without its text: \(id)")
                }
                guard PQexitPipelineMode(connection) == 1, PQsendQuery(connection, text) == 1 else {
                    lose(sendingFailed)
                    return true
                }
            }
        }
        return mustFlush
    }

    private func sendSync(on connection: OpaquePointer) {
        // What was to be sent before it may have found the connection lost.
        guard !isFinished else { return }
        if clibpq_send_sync(connection) != 1 { lose(sendingFailed) }
    }

    private var sendingFailed: PostgresError {
        lastWords ?? PostgresError(.connection, "The statement could not be sent: \(libpqMessage)")
    }

    private func send(_ statement: PostgresStatement, of entry: PendingRequest, on connection: OpaquePointer) {
        let parameters = statement.parameters
        let key = PreparedStatementCache.Key(sql: statement.sql, types: parameters.types)
        let prepared = isPooled ? PreparedStatementCache.unnamed : cache.use(key)
        entry.prepared = (key, prepared.name)
        if prepared.mustPrepare {
            let code = PQsendPrepare(
                connection,
                prepared.name,
                statement.sql,
                Int32(parameters.count),
                parameters.types
            )
            guard code == 1 else { return lose(sendingFailed) }
            machine.lastSentIsPrepared()
        }
        // `withCString` lends a short name from the stack; passed as it is, the name would be copied to the heap.
        let code = prepared.name.withCString { name in
            parameters.withPointers { values, lengths, formats in
                PQsendQueryPrepared(connection, name, Int32(parameters.count), values, lengths, formats, 1)
            }
        }
        guard code == 1 else { return lose(sendingFailed) }
        if let evicted = prepared.evicted { deallocate(evicted) }
    }

    /// Makes the server forget a prepared statement, in a line of its own.
    func deallocate(_ name: String) {
        let id = CancellationTicket().id
        guard machine.submit(id, .pipelined) else { return }
        deallocations[id] = name
    }

    private func sendDeallocate(_ name: String, on connection: OpaquePointer) {
        guard PQsendQueryParams(connection, "DEALLOCATE \(name)", 0, nil, nil, nil, nil, 0) == 1 else {
            return lose(sendingFailed)
        }
        sendSync(on: connection)
    }
}
