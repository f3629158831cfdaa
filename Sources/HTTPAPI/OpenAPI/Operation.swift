import HTTPTypes

/// What a route takes and answers. Told where the route is added: from this `/openapi.json` is made.
///
/// What follows from the rest need not be told: parameters of the path; the problems of tokens and roles, of the path, of
/// the query, of a body, of limits, and of a database that is away.
struct Operation: Sendable {
    var parameters: [Parameter] = []
    var body: Schema?
    var answers: [Outcome]
    /// Answers that are no success.
    var problems: [(HTTPResponse.Status, String)] = []

    /// - Parameters:
    ///   - parameters: Of the query and the headers.
    ///   - problems: Only those that do not follow from the rest.
    init(
        _ parameters: [Parameter],
        body: Schema? = nil,
        _ answers: Outcome...,
        problems: [(HTTPResponse.Status, String)] = []
    ) {
        self.parameters = parameters
        self.body = body
        self.answers = answers
        self.problems = problems
    }

    init(body: Schema? = nil, _ answers: Outcome..., problems: [(HTTPResponse.Status, String)] = []) {
        self.body = body
        self.answers = answers
        self.problems = problems
    }
}

/// An answer that is a success.
struct Outcome: Sendable {
    let status: HTTPResponse.Status
    let description: String
    /// Media type and shape of each form that its content has.
    let content: [(type: String, shape: Shape)]

    static func json(_ schema: Schema, _ description: String) -> Outcome { json(.ok, schema, description) }

    static func json(_ status: HTTPResponse.Status, _ schema: Schema, _ description: String) -> Outcome {
        Outcome(status: status, description: description, content: [("application/json", schema.shape)])
    }

    static func either(_ one: Schema, _ other: Schema, _ description: String) -> Outcome {
        let shape = Shape(#"{"anyOf":[\#(one.shape.schema),\#(other.shape.schema)]}"#, example: one.shape.example)
        return Outcome(status: .ok, description: description, content: [("application/json", shape)])
    }

    static func list(of schema: Schema, _ description: String) -> Outcome {
        Outcome(status: .ok, description: description, content: [("application/json", page(of: schema))])
    }

    static func text(_ type: String, _ description: String) -> Outcome {
        Outcome(status: .ok, description: description, content: [(type, Shape(#"{"type":"string"}"#, example: #""""#))])
    }

    static func empty(_ status: HTTPResponse.Status, _ description: String) -> Outcome {
        Outcome(status: status, description: description, content: [])
    }

    /// A list, once as JSON, and for whoever does not ask for that, as a stream.
    static func streamOrList(of schema: Schema, _ description: String) -> Outcome {
        Outcome(
            status: .ok,
            description: description,
            content: [
                (
                    "text/event-stream",
                    Shape(#"{"type":"string"}"#, example: JSONWriter.text("id: 7\nevent: started\n"))
                ),
                ("application/json", page(of: schema)),
            ]
        )
    }

    private static func page(of schema: Schema) -> Shape {
        .record([
            ("items", .array(of: schema.shape)),
            (
                "next_cursor",
                .optional(.text(Cursor(.active, id: 42).text)).described("For the next page, if there is one.")
            ),
        ])
    }
}
