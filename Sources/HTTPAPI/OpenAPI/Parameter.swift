import Store
import Trading

/// A parameter of a request, for the document.
struct Parameter: Sendable {
    enum Place: String, Sendable { case query, path, header }

    let name: String
    let place: Place
    let shape: Shape
    let description: String

    private init(_ name: String, in place: Place = .query, _ shape: Shape, _ description: String) {
        self.name = name
        self.place = place
        self.shape = shape
        self.description = description
    }

    var json: String {
        let required = place == .path ? #","required":true"# : ""
        return """
            {"name":\(JSONWriter.text(name)),"in":"\(place.rawValue)"\(required),\
            "description":\(JSONWriter.text(description)),"schema":\(shape.schema),"example":\(shape.example)}
            """
    }

    // MARK: Paths

    static func path(_ name: String) -> Parameter {
        name == "id"
            ? Parameter(name, in: .path, .id, "Its number.")
            : Parameter(name, in: .path, .text("style.css", pattern: "^[^/?#]+$"), "Its name.")
    }

    // MARK: Headers

    static let idempotencyKey = Parameter(
        "Idempotency-Key",
        in: .header,
        .text("6f1c2f4e-0b8e-4c0c-8a51-2f3f9c7f1f11", pattern: #"^([!#-\[\]-~]{1,255}|"[ !#-\[\]-~]{1,255}")$"#),
        "Names this request: sent again with the same key within a day, through whichever replica, it is not done again, and gets "
            + "the first answer. With a key that stood for another request it is refused (422)."
    )

    static let prefer = Parameter(
        "Prefer",
        in: .header,
        .text("respond-async"),
        "How long to wait until it has happened (RFC 7240): `respond-async` for not at all, `wait=2` for two seconds at most. What is "
            + "not done by then is recorded, and answered with 202."
    )

    static let ifMatch = Parameter(
        "If-Match",
        in: .header,
        .text("\"3\"", pattern: #"^(\*|"[0-9]{1,18}"( *, *"[0-9]{1,18}")*)$"#),
        "The entity tag of the strategy that the change was made for: its version. With another one it is refused (412)."
    )

    // MARK: Queries

    static let limit = Parameter(
        "limit",
        Shape(
            #"{"type":"integer","minimum":1,"maximum":\#(QueryParameters.largestLimit),"default":\#(QueryParameters.usualLimit)}"#,
            example: "20"
        ),
        "How many at most."
    )
    /// Of every list that is read page by page, oldest or newest first.
    static func page(_ position: Cursor) -> [Parameter] {
        [limit, Parameter("cursor", .text(position.text), "`next_cursor` of the page before.")]
    }
    static let offset = Parameter(
        "offset",
        Shape(#"{"type":"integer","minimum":0,"maximum":2147483647}"#, example: "0"),
        "How many to leave out before the first."
    )
    static let symbol = Parameter("symbol", .symbol, "Only of this market.")
    static let exchange = Parameter("exchange", .exchange, "Only of this exchange.")
    static let status = Parameter("status", .choice(StrategyStatus.self), "Only in this status.")
    static let mode = Parameter("mode", .text("scalp", length: 0...100), "Only of this mode.")
    static let execution = Parameter("execution", .choice(Execution.self), "Only with this execution.")
    static let owner = Parameter("owner", .id, "Only run by the replica with this number.")
    static let replica = Parameter("replica", .id, "Only from or to the replica with this number.")
    static let strategy = Parameter("strategy", .id, "Only of the strategy with this number.")
    static let search = Parameter("search", .text("BTC", length: 0...100), "Only those in whose names this occurs.")
    static let sort = Parameter("sort", .choice(StrategySorting.self), "By what they are ordered.")
    static let descending = Parameter("descending", .boolean, "The other way round.")
    static let since = Parameter("since", .moment, "Not before.")
    static let until = Parameter("until", .moment, "Before.")
    static let actor = Parameter("by", .text("alice", length: 0...100), "Only what was done with tokens of this name.")
    static let kinds = Parameter("kinds", .text("started,stopped"), "Only of these kinds, separated by commas.")
    static let lastEventID = Parameter(
        "last_event_id",
        Shape(#"{"type":"integer","format":"int64","minimum":0}"#, example: "0"),
        "The last event that was seen, or 0 for the beginning; the header Last-Event-ID goes before it."
    )
}

extension Cursor {
    // Examples.
    static let ofOwnership = Cursor(.ownership, ["1769860800000000", "7"])
    static let ofOrders = Cursor(.orders, ["1769860800000000", "t-42-1-1"])
    static let ofFills = Cursor(.fills, ["1769860800000", "991"])
}
