import ArgumentParser
import FoundationEssentials
import NIOCore
import Testing
import Trading

@testable import tenure

@Suite("Commands that ask a cluster")
struct ClientCommandTests {
    @Test("parameters are numbers and truths where they look so, and text otherwise")
    func parameters() throws {
        let command = try StartCommand.parse([
            "BTCUSDT", "--mode", "scalp", "--interval", "1s", "--set", "fast=5", "--set", "ratio=0.004", "--set",
            "on=true",
            "--set", "catch_up=act", "--set", "note=a=b", "--set", "empty=", "--set", #"list=[1]"#,
        ])
        let values = Dictionary(uniqueKeysWithValues: command.strategy.parameters.map { ($0.key, $0.value) })
        #expect(
            values == [
                "fast": .number(5), "ratio": try JSONValue(text: "0.004"), "on": .bool(true),
                "catch_up": .string("act"),
                "note": .string("a=b"), "empty": .string(""), "list": .string("[1]"),
            ]
        )
        #expect(throws: (any Error).self) {
            try StartCommand.parse(["BTCUSDT", "--mode", "scalp", "--interval", "1s", "--set", "=5"])
        }
    }

    @Test("events come out of a stream whole, however it is cut")
    func eventLines() {
        let stream = """
            retry: 500
            : events after 3

            id: 4
            event: started
            data: {"id":4,"kind":"started","details":{"note":"ünï"}}

            :

            id: 5
            event: stopped
            data: {"id":5,"kind":"stopped"}


            """
        for size in [1, 2, 3, 7, 1_000] {
            var lines = EventLines()
            var events: [JSONValue] = []
            var rest = Array(stream.utf8)[...]
            while !rest.isEmpty {
                events += lines.add(ByteBuffer(bytes: rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(events.map { $0["id"]?.integer } == [4, 5])
            #expect(events.first?["details"]?["note"]?.string == "ünï")
        }
    }

    @Test("an event is one line that says what it is about")
    func event() throws {
        let event = try JSONValue(
            text: """
                {"id":7,"at":"2026-11-22T10:00:00.000Z","kind":"stop_requested","strategy_id":3,"replica_id":null,
                "details":{"reason":"user_stopped","by":"alice"}}
                """
        )
        #expect(
            EventsCommand.text(event)
                == "2026-11-22T10:00:00.000Z  stop_requested  strategy 3  by=alice  reason=user_stopped"
        )
    }

    @Test("what started and stopped is said in a sentence")
    func sentences() throws {
        let running = try JSONValue(
            text: #"{"id":3,"symbol":"BTCUSDT","strategy_type":"scalp","status":"running","owner":{"id":2,"name":"b"}}"#
        )
        #expect(StartCommand.text(running) == "Started strategy 3, BTCUSDT (scalp) on b (2)")
        let failed = try JSONValue(
            text: #"{"id":3,"symbol":"BTCUSDT","strategy_type":"scalp","status":"failed","last_error":"it broke"}"#
        )
        #expect(StartCommand.text(failed) == "Recorded as strategy 3, BTCUSDT (scalp); it is failed: it broke")
    }
}
