import clinic.apis.AppointmentsApi
import clinic.apis.RecordingsApi
import clinic.infrastructure.ClientError
import clinic.infrastructure.ClientException
import clinic.infrastructure.Serializer.gson
import clinic.models.CompleteIn
import clinic.models.ErrorOut
import clinic.models.InitiateIn
import io.vertx.core.Future
import io.vertx.core.Vertx
import io.vertx.core.buffer.Buffer
import io.vertx.ext.web.client.WebClient
import io.vertx.ext.web.multipart.MultipartForm
import java.time.OffsetDateTime
import java.util.concurrent.ExecutionException

fun <T> Future<T>.wait(): T = toCompletionStage().toCompletableFuture().get()

fun main(args: Array<String>) {
    val (base, token, given) = args
    val vertx = Vertx.vertx()
    val web = WebClient.create(vertx)
    val body = gson.fromJson(given, InitiateIn::class.java)
    val recordings = RecordingsApi(base, accessToken = token, vertx = vertx)
    val made = recordings.initiateUpload(body).wait()
    val form = MultipartForm.create()
    for ((name, value) in made.uploadFields) form.attribute(name, value)
    form.binaryFileUpload("file", "a.m4a", Buffer.buffer("sound"), "audio/mp4")
    check(web.postAbs(made.uploadUrl).sendMultipartForm(form).wait().statusCode() < 300)
    val metadata = mapOf("device_type" to "iPhone", "rate" to 44100)
    val done = recordings.completeUpload(
        made.recordingId, CompleteIn(fileSizeBytes = 5L, recordingMetadata = metadata)
    ).wait()
    val row = recordings.getRecordings(petId = body.petId, limit = 200).wait()
        .single { it.id == made.recordingId }
    val created: OffsetDateTime = checkNotNull(row.createdAt)
    val refused = try {
        recordings.getRecordings(petId = "pet-\u0000").wait()
        null
    } catch (error: ExecutionException) {
        val answer = (error.cause as ClientException).response as ClientError<*>
        gson.fromJson(answer.body as String, ErrorOut::class.java).errorCode
    }
    val appointment = AppointmentsApi(base, accessToken = token, vertx = vertx)
        .getAppointment(body.appointmentId).wait()
    val audio = recordings.getAudio(made.recordingId).wait()
    println(gson.toJson(mapOf(
        "status" to done.status.value,
        "listed" to created.isBefore(OffsetDateTime.now()),
        "heard" to web.getAbs(audio.audioUrl).send().wait().bodyAsString(),
        "refused" to refused,
        "pets" to appointment.pets.any { it.id == body.petId },
    )))
    vertx.close().wait()
}
