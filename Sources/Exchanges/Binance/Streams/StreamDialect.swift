import NIOCore
import Trading

/// What distinguishes the kinds of stream that a ``StreamPool`` can carry: where they are, and how they are subscribed to.
struct StreamDialect: Sendable {
    /// In metrics.
    let name: String
    let url: String
    /// Added to the URL's own path.
    let path: String
    /// What the log says when it is lost, and when it is there again.
    let lost: String
    let back: String
    /// A request as it is sent.
    let text: @Sendable (StreamRequest, any EventLoop) -> EventLoopFuture<String>

    /// Candle streams; every event comes wrapped with the name of its stream.
    static func market(url: String) -> StreamDialect {
        StreamDialect(
            name: "market",
            url: url,
            path: "/stream",
            lost: "Lost the market stream",
            back: "Market stream is back"
        ) { request, eventLoop in
            eventLoop.makeSucceededFuture(request.text)
        }
    }

    /// The one user data stream of an account, over the WebSocket API.
    static func account(
        _ credentials: BinanceCredentials,
        url: String,
        rest: BinanceRESTClient,
        window: Int64
    ) -> StreamDialect {
        StreamDialect(
            name: "account",
            url: url,
            path: "",
            lost: "Lost the account stream",
            back: "Account stream is back"
        ) { request, eventLoop in
            guard request.method == .subscribe else {
                return eventLoop.makeSucceededFuture(#"{"id":\#(request.id),"method":"userDataStream.unsubscribe"}"#)
            }
            // It is seldom subscribed to, so the exchange is asked for its time each time.
            return eventLoop.makeFutureWithTask {
                let time = try await rest.serverTime()
                // Sorted by name, as the signature wants it.
                let payload = "apiKey=\(credentials.apiKey)&recvWindow=\(window)&timestamp=\(time.milliseconds)"
                return #"{"id":\#(request.id),"method":"userDataStream.subscribe.signature","params":{"apiKey":"#
                    + #""\#(credentials.apiKey)","recvWindow":\#(window),"timestamp":\#(time.milliseconds),"#
                    + #""signature":"\#(credentials.signature(of: payload))"}}"#
            }
        }
    }
}
