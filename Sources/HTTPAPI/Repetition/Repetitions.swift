import HTTPTypes
import Hummingbird
import Postgres
import Store
import Trading

/// Does a request that names itself (header `Idempotency-Key`) once, however often and through whichever replicas it is sent, and
/// gives each of them the first answer. (draft-ietf-httpapi-idempotency-key-header)
///
/// What was done is kept by the statement that does it, so nothing is lost with a replica that dies in between: a repetition then
/// waits for what the first one waited for. Answers that are not final (202, 503) are not kept, nor are those to requests that
/// were refused for what they say (400, 422): the same key may be used for the corrected one only if that was never done.
struct Repetitions: Sendable {
    private static let header = HTTPField.Name("Idempotency-Key")!
    private static let replayed = HTTPField.Name("Idempotent-Replayed")!
    private static let longest = 255

    let repository: IdempotencyRepository

    /// - Parameters:
    ///   - asked: What the request asks for.
    ///   - perform: Does it, or if that was done before to the strategy that it is given, only answers. Nil: it turned out to have
    ///     been done meanwhile.
    func answer(
        _ request: Request,
        _ context: APIRequestContext,
        asking asked: JSONValue,
        _ perform: (_ key: IdempotencyKey?, _ done: Int64?) async throws -> Reply?
    ) async throws -> Response {
        guard let name = try key(of: request) else {
            guard let reply = try await perform(nil, nil) else { preconditionFailure("repeated, without a key") }
            return reply.response
        }
        let key = IdempotencyKey(
            sender: context.principal?.name ?? "",
            key: name,
            request: "\(request.method.rawValue) \(request.uri.path) \(asked.text)"
        )
        // What turned out to be done is known the second time; unless the key is forgotten at that moment.
        for _ in 0..<3 {
            let entry = try await repository.enter(key)
            if entry.isOther { throw Problem.keyOfAnother }
            if let answer = entry.answer { return replay(answer) }
            let reply: Reply?
            do {
                reply = try await perform(key, entry.strategyID)
            } catch let problem as Problem where problem.isFinal {
                reply = problem.reply(requestID: context.requestID)
            }
            guard let reply else { continue }
            return try await keep(reply, for: key)
        }
        throw Problem.databaseUnavailable()
    }

    private func keep(_ reply: Reply, for key: IdempotencyKey) async throws -> Response {
        guard reply.status != .accepted else { return reply.response }
        let answer = IdempotencyRepository.FirstAnswer(
            status: reply.status.code,
            location: reply.headers[.location],
            body: String(decoding: reply.body, as: UTF8.self)
        )
        do {
            guard let first = try await repository.keep(answer, for: key), first.body != answer.body else {
                return reply.response
            }
            return replay(first)
        } catch let error as PostgresError where Problem(error) != nil {
            // It was done, and this is what came of it.
            return reply.response
        }
    }

    private func replay(_ answer: IdempotencyRepository.FirstAnswer) -> Response {
        var headers: HTTPFields = [
            .contentType: answer.status < 400 ? "application/json" : "application/problem+json", Self.replayed: "true",
        ]
        headers[.location] = answer.location
        return Reply(status: .init(code: answer.status), headers: headers, body: Array(answer.body.utf8)).response
    }

    /// A string as structured fields write it (RFC 9651), or the same without quotes.
    private func key(of request: Request) throws -> String? {
        guard let value = request.headers[Self.header] else { return nil }
        let isQuoted = value.count >= 2 && value.hasPrefix("\"") && value.hasSuffix("\"")
        let key = isQuoted ? String(value.dropFirst().dropLast()) : value
        let isSensible = key.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): false
            case 0x21...0x7E: true
            default: isQuoted && byte == 0x20
            }
        }
        guard isSensible, (1...Self.longest).contains(key.utf8.count) else { throw Problem.invalidKey }
        return key
    }
}

extension Problem {
    /// Whether the same request would be answered so again, if nothing else happened.
    fileprivate var isFinal: Bool { status == .notFound || status == .conflict || status == .preconditionFailed }
}
