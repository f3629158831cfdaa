extension PostgresConnection {
    /// Runs `COPY … TO STDOUT` and lends what the server sends to `body`, row by row, as fast as `body` takes it: no more
    /// than a few hundred kilobytes wait. Alone on the connection; other callers' statements wait until it is over.
    ///
    /// When `body` returns before the end, or throws, the rest is cancelled on the server, and the connection goes on.
    ///
    /// - Parameters:
    ///   - statement: without parameters, which the server does not allow here.
    ///   - timeout: for all of it.
    /// - Throws: what `body` throws; `PostgresError` where the server or the connection fails.
    @discardableResult
    package func copyOut<R>(
        _ statement: PostgresStatement,
        timeout: Duration? = nil,
        _ body: (PostgresCopyRows) async throws -> R
    ) async throws -> R {
        try refuseParameters(statement)
        let channel = CopyOutChannel(driver: driver)
        let ticket = CancellationTicket()
        async let ending: Void = channel.finish(
            self.copy(.copyOut(statement.sql, channel), timeout: timeout, ticket: ticket)
        )
        do {
            let value = try await body(PostgresCopyRows(channel: channel))
            cancel(ticket)
            await ending
            return value
        } catch {
            cancel(ticket)
            await ending
            throw error
        }
    }

    /// Runs `COPY … FROM STDIN` with these pieces of data, which need not be whole rows. The next piece is asked for when the
    /// one before it is on its way. Alone on the connection; other callers' statements wait until it is over.
    ///
    /// All or nothing: when the pieces end with an error, or the task is cancelled, the server is told to forget them.
    ///
    /// - Parameters:
    ///   - statement: without parameters, which the server does not allow here.
    ///   - timeout: for all of it.
    /// - Returns: how many rows were written.
    /// - Throws: what `pieces` throws; `PostgresError` where the server or the connection fails.
    @discardableResult
    package func copyIn<Pieces: AsyncSequence>(
        _ statement: PostgresStatement,
        timeout: Duration? = nil,
        from pieces: Pieces
    ) async throws -> Int where Pieces.Element == [UInt8] {
        try refuseParameters(statement)
        let channel = CopyInChannel(driver: driver)
        let ticket = CancellationTicket()
        async let ending = channel.finish(
            self.copy(.copyIn(statement.sql, channel), timeout: timeout, ticket: ticket)
        )
        do {
            for try await piece in pieces {
                // Refused: it is over, and the answer says why.
                guard await channel.send(piece) else { break }
            }
            // Pieces that end because the task is cancelled are not all.
            if Task.isCancelled { cancel(ticket) } else { channel.end() }
        } catch {
            cancel(ticket)
            _ = await ending
            throw error
        }
        return try await ending.get().affectedRows
    }

    private func copy(
        _ work: StatementRequest.Work,
        timeout: Duration?,
        ticket: CancellationTicket
    ) async -> StatementRequest.Answer {
        let answer = await answerUnlessCancelled(to: work, timeout: timeout, ticket: ticket)
        guard case .success(let result) = answer, !result.commandTag.hasPrefix("COPY") else { return answer }
        return .failure(
            PostgresError(.invalidUse, "The statement has run, but it is no COPY: use query().", query: work.text)
        )
    }

    private func refuseParameters(_ statement: PostgresStatement) throws(PostgresError) {
        guard statement.parameters.count == 0 else {
            throw PostgresError(.invalidUse, "COPY takes no parameters; write them into a query.", query: statement.sql)
        }
    }
}
