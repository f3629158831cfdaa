import CLibPQ
import Glibc
import Testing

@testable import Postgres

/// A statement that is larger than what the socket takes. There is no I/O thread here: what the socket tells does not
/// come by chance.
@Suite(.timeLimit(.minutes(5)))
struct FullSocketTests {
    /// Returns when the statement is libpq's.
    private func submit(
        _ statement: PostgresStatement,
        to driver: ConnectionDriver
    ) async -> Task<StatementRequest.Answer, Never> {
        let isSubmitted = Gate()
        let task = Task {
            await StatementRequest.answer { continuation in
                let request = StatementRequest(
                    work: .statement(statement),
                    deadline: nil,
                    ticket: CancellationTicket(),
                    continuation: continuation
                )
                #expect(driver.submitNow(request))
                isSubmitted.open()
            }
        }
        await isSubmitted.wait()
        return task
    }

    @Test func `an answer that libpq reads because it cannot send reaches its caller at once`() async throws {
        let epoll = epoll_create1(Int32(EPOLL_CLOEXEC))
        defer { close(epoll) }
        let opened = try await Connector.open(try await sharedConfiguration())
        let pid = PQbackendPID(opened.connection)
        let driver = ConnectionDriver(
            connection: opened.connection,
            isPooled: false,
            logger: quiet,
            onNotification: nil
        )
        var resumptions: [ConnectionDriver.Resumption] = []
        driver.locked(&resumptions) { $0.start(epoll: epoll) }
        let quick = await submit("SELECT 1", to: driver)
        let slow = await submit("SELECT pg_sleep(63)", to: driver)
        // Then the quick one's answer is in the socket.
        try await withConnection { try await untilRunning("pg_sleep(63)", pid: pid, seenBy: $0) }
        let large = await submit("SELECT length(\(String(repeating: "x", count: 16_000_000)))", to: driver)
        driver.locked(&resumptions) { $0.lose(PostgresError(.connection, "the end of the test")) }
        let answer = await quick.value
        #expect(throws: Never.self) { try answer.get() }
        for unanswered in [slow, large] {
            let answer = await unanswered.value
            let error = #expect(throws: PostgresError.self) { try answer.get() }
            #expect(error?.code == .unknownOutcome)
        }
    }
}
