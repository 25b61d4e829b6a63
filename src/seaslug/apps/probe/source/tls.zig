//! TLS 1.2 and 1.3 for the probe, from Zig's standard library.
//!
//! The sockets, the clock and the deadline stay with the C program: it lends its functions
//! and calls `tls_begin` once, then `tls_send` and `tls_receive`. There is one connection.

const std = @import("std");
const Bundle = std.crypto.Certificate.Bundle;
const Client = std.crypto.tls.Client;
const Reader = std.Io.Reader;
const Writer = std.Io.Writer;

pub const panic = std.debug.no_panic;

/// Send all of the bytes, or end the program.
extern fn wire_send(bytes: [*]const u8, size: usize) void;

/// Wait for bytes: their count, 0 at the end or if there are none in time.
extern fn wire_receive(bytes: [*]u8, size: usize) usize;

const size = Client.min_buffer_len;

var buffers: [4][size]u8 = undefined;
var heap: [8 << 20]u8 = undefined;
var lock: std.Io.RwLock = .init;
var bundle: Bundle = .empty;
var client: Client = undefined;

var input: Reader = .{
    .vtable = &.{ .stream = receive },
    .buffer = &buffers[0],
    .seek = 0,
    .end = 0,
};

var output: Writer = .{
    .vtable = &.{ .drain = send },
    .buffer = &buffers[1],
};

fn receive(_: *Reader, to: *Writer, limit: std.Io.Limit) Reader.StreamError!usize {
    const place = limit.slice(try to.writableSliceGreedy(1));
    const got = wire_receive(place.ptr, place.len);
    if (got == 0) return error.EndOfStream;
    to.advance(got);
    return got;
}

fn send(from: *Writer, data: []const []const u8, splat: usize) Writer.Error!usize {
    wire_send(from.buffer.ptr, from.end);
    from.end = 0;
    var sent: usize = 0;
    for (data[0 .. data.len - 1]) |part| {
        wire_send(part.ptr, part.len);
        sent += part.len;
    }
    const last = data[data.len - 1];
    for (0..splat) |_| wire_send(last.ptr, last.len);
    return sent + last.len * splat;
}

/// What is trusted, and when: PEM text, or nothing to trust everybody.
const Trust = extern struct {
    host: [*]const u8,
    host_size: usize,
    pem: [*]const u8,
    pem_size: usize,
    now: i64,
    all: bool,
};

/// Shake hands. Null is success; else it is the name of what went wrong.
export fn tls_begin(trust: *const Trust, entropy: *const [Client.Options.entropy_len]u8) ?[*:0]const u8 {
    begin(trust, entropy) catch |err| return @errorName(err);
    return null;
}

fn begin(trust: *const Trust, entropy: *const [Client.Options.entropy_len]u8) !void {
    var memory: std.heap.FixedBufferAllocator = .init(&heap);
    const gpa = memory.allocator();
    const host = trust.host[0..trust.host_size];
    if (!trust.all) try read(gpa, trust.pem[0..trust.pem_size], trust.now);
    var alert: std.crypto.tls.Alert = undefined;
    client = Client.init(&input, &output, .{
        .host = if (trust.all) .no_verification else .{ .explicit = host },
        .ca = if (trust.all) .no_verification else .{ .bundle = .{
            .gpa = gpa,
            .io = .failing,
            .lock = &lock,
            .bundle = &bundle,
        } },
        .read_buffer = &buffers[2],
        .write_buffer = &buffers[3],
        .entropy = entropy,
        .realtime_now = .{ .nanoseconds = @as(i96, trust.now) * std.time.ns_per_s },
        .allow_truncation_attacks = true,
        .alert = &alert,
    }) catch |err| switch (err) {
        error.TlsAlert => {
            try alert.description.toError();
            return error.TlsAlert;
        },
        else => |other| return other,
    };
}

/// Read every certificate in *pem*; one that is not understood is passed over.
fn read(gpa: std.mem.Allocator, pem: []const u8, now: i64) !void {
    const first = "-----BEGIN CERTIFICATE-----";
    const last = "-----END CERTIFICATE-----";
    const decoder = std.base64.standard.decoderWithIgnore(" \t\r\n");
    var at: usize = 0;
    while (std.mem.indexOfPos(u8, pem, at, first)) |begun| {
        const end = std.mem.indexOfPos(u8, pem, begun, last) orelse return;
        const text = pem[begun + first.len .. end];
        at = end + last.len;
        try bundle.bytes.ensureUnusedCapacity(gpa, text.len);
        const start: u32 = @intCast(bundle.bytes.items.len);
        const count = decoder.decode(bundle.bytes.unusedCapacitySlice(), text) catch continue;
        bundle.bytes.items.len += count;
        bundle.parseCert(gpa, start, now) catch |err| switch (err) {
            error.OutOfMemory => return err,
            else => bundle.bytes.items.len = start,
        };
    }
}

export fn tls_send(bytes: [*]const u8, count: usize) bool {
    client.writer.writeAll(bytes[0..count]) catch return false;
    client.writer.flush() catch return false;
    output.flush() catch return false;
    return true;
}

/// Receive up to *count* bytes: their number, 0 at the end, -1 for damaged data.
export fn tls_receive(to: [*]u8, count: usize) isize {
    const found = client.reader.peekGreedy(1) catch |err| return switch (err) {
        error.EndOfStream => 0,
        else => -1,
    };
    const got = @min(found.len, count);
    @memcpy(to[0..got], found[0..got]);
    client.reader.toss(got);
    return @intCast(got);
}
