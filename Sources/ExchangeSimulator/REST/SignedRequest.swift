import NIOHTTP1
import Trading

/// A request that is known to come from an account, and until when it may be carried out.
struct SignedRequest: Sendable, Hashable {
    let account: Int
    /// In microseconds, as everything here.
    private let timestamp: Int64
    private let window: Int64

    private static let defaultWindow: FixedDecimal = "5000"
    private static let largestWindow: FixedDecimal = "60000"
    private static let aheadTolerance: Int64 = 1_000_000

    /// Checks who sent a request, what the key may do, and the signature. The time is checked by ``check(arrivingAt:)``.
    init(
        _ request: SimulatorRequest,
        _ parameters: inout QueryParameters,
        needing permission: AccountConfiguration.Permission,
        account: (_ key: String) -> (id: Int, AccountConfiguration)?
    ) throws(APIError) {
        let key =
            request.socketParameters == nil
            ? request.headers.first(name: "X-MBX-APIKEY") : try parameters.text("apiKey")
        guard let key, AccountConfiguration.isUsable(key) else {
            throw APIError(.unauthorized, code: -2014, "API-key format invalid.")
        }
        guard let (id, configuration) = account(key), configuration.permissions.contains(permission) else {
            throw APIError(.unauthorized, code: -2015, "Invalid API-key, IP, or permissions for action.")
        }
        self.account = id
        guard let time = try parameters.integer("timestamp") else { throw .missing("timestamp") }
        let window = try parameters.decimal("recvWindow") ?? Self.defaultWindow
        guard window <= Self.largestWindow else {
            throw APIError(code: -1102, "'recvWindow' contains unexpected value. Cannot be greater than 60000.")
        }
        guard let signature = try parameters.text("signature") else { throw .missing("signature") }
        let payload = RequestSignature.payload(of: request)
        guard RequestSignature.isValid(signature, payload: payload, secret: configuration.apiSecret) else {
            throw APIError(code: -1022, "Signature for this request is not valid.")
        }
        // Microseconds have at least sixteen digits until the year 2286; milliseconds have thirteen.
        timestamp = time >= 1_000_000_000_000_000 ? time : time * 1_000
        self.window = Int64(window.raw / 100_000)
    }

    func check(arrivingAt serverTime: Timestamp) throws(APIError) {
        guard timestamp < serverTime.milliseconds * 1_000 + Self.aheadTolerance else {
            throw APIError(code: -1021, "Timestamp for this request was 1000ms ahead of the server's time.")
        }
        try check(forwardingAt: serverTime)
    }

    func check(forwardingAt serverTime: Timestamp) throws(APIError) {
        guard serverTime.milliseconds * 1_000 - timestamp <= window else {
            throw APIError(code: -1021, "Timestamp for this request is outside of the recvWindow.")
        }
    }
}
