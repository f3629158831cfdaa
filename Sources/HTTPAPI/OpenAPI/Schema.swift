/// A shape with a name, in the document's components. One that is added is added to ``all``, too.
struct Schema: Sendable {
    let name: String
    private let own: Shape

    init(_ name: String, _ shape: Shape) {
        self.name = name
        own = shape
    }

    /// The schema itself, with its example.
    var definition: String {
        #"{"examples":[\#(own.example)],\#(own.schema.dropFirst())"#
    }

    /// What refers to it.
    var shape: Shape { Shape(##"{"$ref":"#/components/schemas/\##(name)"}"##, example: own.example) }

    static let all: [Schema] = [
        .startRequest, .changeRequest, .closeRequest, .stopRequest, .replayRequest, .replay, .haltRequest,
        .clusterLimitsRequest, .marketRequest, .signInRequest,
        .owner, .strategy, .strategyInDepth, .stoppedStrategy, .order, .fill, .event, .ownershipChange, .candle,
        .auditEntry,
        .replica, .halt, .clusterLimits, .modes, .overview, .strategyTable, .historyTotals, .session, .health,
        .document, .problem,
    ]
}
