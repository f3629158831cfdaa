import HTTPTypes
import Store

/// An answer that is no success, as problem details (RFC 9457).
struct Problem: Error {
    var status: HTTPResponse.Status
    /// Names the kind of problem for programs: `urn:tenure:problem:<kind>`.
    var kind: String
    var title: String
    /// What happened and what to do.
    var detail: String
    var errors: [FieldProblem] = []
    /// The strategy that the problem is about.
    var strategy: ActiveStrategy?
    /// A word for programs, where the kind alone does not say enough.
    var reason: String?
    var headers: HTTPFields = [:]

    init(_ status: HTTPResponse.Status, _ kind: String, _ title: String, _ detail: String) {
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
    }

    func with(_ change: (inout Problem) -> Void) -> Problem {
        var copy = self
        change(&copy)
        return copy
    }

    func reply(requestID: String) -> Reply {
        let body = JSONWriter.object { json in
            json.member("type", "urn:tenure:problem:\(kind)")
            json.member("title", title)
            json.member("status", status.code)
            json.member("detail", detail)
            if let reason { json.member("reason", reason) }
            if !errors.isEmpty {
                json.member("errors") { json in
                    json.array(errors) { json, error in
                        json.object { json in
                            json.member("field", error.field)
                            json.member("message", error.message)
                        }
                    }
                }
            }
            if let strategy { json.member("strategy") { strategy.write(to: &$0) } }
            json.member("request_id", requestID)
        }
        var headers = headers
        headers[.contentType] = "application/problem+json"
        return Reply(status: status, headers: headers, body: body)
    }
}
