import NIOCore
import NIOHTTP1
import Testing

@testable import ExchangeSimulator

/// Binance's published examples.
@Suite("Signatures")
struct RequestSignatureTests {
    private static let secret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"
    private static let payload =
        "symbol=LTCBTC&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=0.1&recvWindow=5000&timestamp=1499827319559"
    private static let signature = "c8db56825ae71d6d79447849e617115f4a920fa2acdcab2b053c4b2838bd6b71"

    private static func request(_ query: String, body: String = "") -> SimulatorRequest {
        SimulatorRequest(
            method: .POST,
            path: "/api/v3/order",
            query: query,
            body: ByteBuffer(string: body),
            address: "here"
        )
    }

    private static func isValid(_ request: SimulatorRequest, _ signature: String = signature) -> Bool {
        RequestSignature.isValid(signature, payload: RequestSignature.payload(of: request), secret: secret)
    }

    @Test("are made over query and body as they came, wherever the signature itself stands")
    func vectors() {
        let half = Self.payload.index(Self.payload.startIndex, offsetBy: 40)
        #expect(Self.isValid(Self.request(Self.payload + "&signature=\(Self.signature)")))
        #expect(Self.isValid(Self.request("", body: Self.payload + "&signature=\(Self.signature)")))
        #expect(Self.isValid(Self.request("signature=\(Self.signature)&" + Self.payload)))
        // Query and body without anything between them.
        let (query, body) = (String(Self.payload[..<half]), String(Self.payload[half...]))
        #expect(Self.isValid(Self.request(query, body: body + "&signature=\(Self.signature)")))
        #expect(Self.isValid(Self.request(Self.payload), Self.signature.uppercased()))
        let foreign =
            "symbol=%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1"
            + "&price=0.1&recvWindow=5000&timestamp=1499827319559"
        #expect(
            Self.isValid(Self.request(foreign), "e1353ec6b14d888f1164ae9af8228a3dbd508bc82eb867db8ab6046442f33ef3")
        )
    }

    @Test("of the same parameters in another order, spelled otherwise, or by another secret are not valid")
    func otherBytes() {
        let fields = Self.payload.split(separator: "&")
        #expect(!Self.isValid(Self.request(fields.reversed().joined(separator: "&"))))
        #expect(!Self.isValid(Self.request(Self.payload.replacing("LTCBTC", with: "%4cTCBTC"))))
        #expect(!Self.isValid(Self.request(Self.payload + "&")))
        for signature in ["", "c8", "zz", String(Self.signature.dropLast()), Self.signature + "00", "ä"] {
            #expect(!Self.isValid(Self.request(Self.payload), signature))
        }
        let payload = RequestSignature.payload(of: Self.request(Self.payload))
        #expect(!RequestSignature.isValid(Self.signature, payload: payload, secret: "another"))
    }

    @Test("on a socket are made over the parameters sorted by name")
    func socket() {
        let parameters = [
            "symbol": "BTCUSDT", "side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01000000",
            "price": "52000.00", "recvWindow": "100", "timestamp": "1645423376532",
            "apiKey": "vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A", "signature": "whatever",
        ]
        let request = SimulatorRequest(
            method: .POST,
            path: "/api/v3/order",
            query: "",
            socketParameters: parameters,
            address: "here"
        )
        #expect(Self.isValid(request, "aa1b5712c094bc4e57c05a1a5c1fd8d88dcd628338ea863fec7b88e59fe2db24"))
    }
}
