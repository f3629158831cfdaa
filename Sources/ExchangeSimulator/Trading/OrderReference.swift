/// How a client names one of its orders.
enum OrderReference: Sendable, Hashable {
    case id(Int64)
    case clientID(String)
    /// Both must be the same order's.
    case both(Int64, String)

    /// Without the client id.
    var byID: OrderReference { if case .both(let id, _) = self { .id(id) } else { self } }

    init(_ parameters: inout QueryParameters) throws(APIError) {
        let id = try parameters.integer("orderId")
        let clientID = try parameters.text("origClientOrderId")
        switch (id, clientID) {
        case (let id?, nil): self = .id(id)
        case (nil, let clientID?): self = .clientID(clientID)
        case (let id?, let clientID?): self = .both(id, clientID)
        case (nil, nil):
            throw APIError(
                code: -1102,
                "Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!"
            )
        }
    }
}
