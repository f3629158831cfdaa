import NIOCore
import NIOEmbedded
import NIOWebSocket
import Testing

@testable import Exchanges

/// One connection, with a clock that is moved by hand.
@Suite struct StreamConnectionHandlerTests {
    private final class Report {
        var messages: [StreamMessage] = []
        var reasons: [String] = []
    }

    private let report = Report()
    private let handler: StreamConnectionHandler
    private let channel = EmbeddedChannel()

    init() throws {
        let report = report
        handler = StreamConnectionHandler(configuration: BinanceConfiguration()) { message in
            report.messages.append(message)
        } onClosed: { reason in
            report.reasons.append(reason)
        }
        try channel.pipeline.syncOperations.addHandler(handler)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    @Test func `silence is answered with a ping, and silence after that with a new connection`() throws {
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(try channel.readOutbound(as: WebSocketFrame.self) == nil)
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(try channel.readOutbound(as: WebSocketFrame.self)?.opcode == .ping)
        channel.embeddedEventLoop.advanceTime(by: .seconds(9))
        #expect(report.reasons == [])
        channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        #expect(report.reasons == ["the exchange has been silent for 70 s"])
        #expect(!channel.isActive)
    }

    @Test func `whatever is heard counts as life`() throws {
        for opcode in [WebSocketOpcode.pong, .ping, .text] {
            channel.embeddedEventLoop.advanceTime(by: .seconds(65))
            try channel.writeInbound(WebSocketFrame(fin: true, opcode: opcode, data: ByteBuffer(string: "{}")))
        }
        channel.embeddedEventLoop.advanceTime(by: .seconds(59))
        #expect(report.reasons == [])
        #expect(report.messages == [.other])
    }

    @Test func `a ping is answered with its own data, masked`() throws {
        try channel.writeInbound(WebSocketFrame(fin: true, opcode: .ping, data: ByteBuffer(string: "1672515782136")))
        let pong = try #require(try channel.readOutbound(as: WebSocketFrame.self))
        #expect(pong.opcode == .pong)
        #expect(pong.maskKey != nil)
        #expect(pong.data == ByteBuffer(string: "1672515782136"))
    }

    @Test func `a subscription that is not answered ends the connection, one that is does not`() throws {
        handler.send(StreamRequest(id: 1, method: .subscribe, streams: ["a"]).text, request: 1)
        #expect(try channel.readOutbound(as: WebSocketFrame.self)?.maskKey != nil)
        channel.embeddedEventLoop.advanceTime(by: .seconds(5))
        let answer = ByteBuffer(string: #"{"result":null,"id":1}"#)
        try channel.writeInbound(WebSocketFrame(fin: true, opcode: .text, data: answer))
        channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(report.reasons == [])
        handler.send(StreamRequest(id: 2, method: .subscribe, streams: ["b"]).text, request: 2)
        channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(report.reasons == ["the exchange did not answer a subscription in time"])
    }

    @Test func `what cannot be read ends the connection`() throws {
        try channel.writeInbound(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: "<html>")))
        channel.embeddedEventLoop.run()
        #expect(report.reasons.count == 1)
        #expect(report.messages == [])
    }

    @Test func `a close is returned and reported once`() throws {
        try channel.writeInbound(WebSocketFrame(fin: true, opcode: .connectionClose, data: ByteBuffer()))
        channel.embeddedEventLoop.run()
        #expect(try channel.readOutbound(as: WebSocketFrame.self)?.opcode == .connectionClose)
        #expect(report.reasons == ["the exchange closed the connection"])
    }
}
